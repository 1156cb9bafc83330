import { Link, useLocation } from "react-router";
import { paths } from "../lib/paths";
import { Notice } from "../ui/Notice";
import { PageTitle } from "../ui/PageTitle";

export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <Notice title="There is no such page" level={1}>
      <PageTitle>Not found</PageTitle>
      <p>
        Nothing lives at <code>{pathname}</code>.
      </p>
      <Link to={paths.projects()}>All projects</Link>
    </Notice>
  );
}
