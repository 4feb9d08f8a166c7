// Decides which of several servers does a run that only one of them is to do, such as that of a cron task. A feature with a store that the
// servers share decides it; a server without such a feature is alone.

export interface RunClaims {
  /**
   * Whether this server does the run of `task` that is due at this time, in milliseconds since 1970: one server gets true, once.
   * Rejects if that cannot be found out.
   */
  claim(task: string, atMs: number): Promise<boolean>
  /**
   * Whether `task` is this server's for the next `holdMs` milliseconds: one server gets true, and keeps the task by asking again in time.
   * Rejects if that cannot be found out.
   */
  hold(task: string, holdMs: number): Promise<boolean>
  /** Lets another server have the task immediately. A no-op for one that this server does not hold. */
  release(task: string): Promise<void>
}
