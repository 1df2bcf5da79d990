/** The last net: a screen that failed says so and what to do, and the rest of the console goes on. */
import { Component, type ReactNode } from "react";

interface Props {
  children: ReactNode;
  /** Another place in the console is another try. */
  place: string;
  message: string;
  reload: string;
}

export class ErrorBoundary extends Component<Props, { failedAt: string | null }> {
  override state: { failedAt: string | null } = { failedAt: null };

  static getDerivedStateFromError(): { failedAt: string } {
    return { failedAt: "?" };
  }

  override componentDidUpdate(before: Props): void {
    if (this.state.failedAt !== null && before.place !== this.props.place) this.setState({ failedAt: null });
  }

  override render(): ReactNode {
    if (this.state.failedAt === null) return this.props.children;
    return (
      <div className="page">
        <p className="problem" role="alert">
          {this.props.message}
        </p>
        <p>
          <button type="button" className="button" onClick={() => location.reload()}>
            {this.props.reload}
          </button>
        </p>
      </div>
    );
  }
}
