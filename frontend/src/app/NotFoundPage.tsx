import { Link, useLocation } from "react-router";
import { paths } from "../lib/paths";
import { Notice } from "../ui/Notice";

export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <Notice title="There is no such page" level={1}>
      <title>Not found · Crucible</title>
      <p>
        Nothing lives at <code>{pathname}</code>.
      </p>
      <Link to={paths.projects()}>All projects</Link>
    </Notice>
  );
}
