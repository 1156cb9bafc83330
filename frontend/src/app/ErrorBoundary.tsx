import { Component, type ReactNode } from "react";
import { Button } from "../ui/Button";
import { Notice } from "../ui/Notice";

interface Props {
  /** Where the reader is: going elsewhere is a fresh try. */
  at: string;
  children: ReactNode;
}

interface State {
  error: Error | null;
  at: string;
}

/** A fault in the drawing of one view leaves the header, and a way out. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, at: this.props.at };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  static getDerivedStateFromProps({ at }: Props, state: State): State | null {
    return at === state.at ? null : { error: null, at };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <Notice title="This view could not be drawn" tone="bad" level={1} live>
        <p>
          This is a fault of the page, or it was updated while it was open. Nothing that runs is
          affected.
        </p>
        <Button onClick={() => window.location.reload()}>Load it again</Button>
      </Notice>
    );
  }
}
