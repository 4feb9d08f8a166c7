// The exit codes of the command. They must not change, because scripts that run `isock` branch on them.

export const exitCodes = {
  done: 0,
  /** The action threw, the server rejected the call, or a server could not start. */
  failed: 1,
  /** Wrong arguments, options or JSON. */
  usage: 2,
  /** No connection to an isock server, or no such daemon runs. */
  unreachable: 3,
  /** Rejected by a token or guard. */
  notLetIn: 4,
  /** The call timed out or the connection was lost after the call was sent: it may have run. */
  outcomeUnknown: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export const exitCodesHelp = `
Exit codes:
  0    done
  1    the action threw, the server rejected the call, or a server could not start
  2    wrong arguments, options or JSON
  3    the server cannot be reached, or no such daemon runs
  4    the server rejected the client: token or guard
  5    the call timed out or the connection was lost after it was sent: it may have run
  130  interrupted by Ctrl-C
`
