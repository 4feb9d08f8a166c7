// What the command's exit codes mean. A script that runs `isock` branches on them, so they do not change.

export const exitCodes = {
  done: 0,
  /** The action threw, the server refused the call, or a server could not start. */
  failed: 1,
  /** Wrong arguments, options or JSON. */
  usage: 2,
  /** No connection to an isock server, or no such daemon runs. */
  unreachable: 3,
  /** A token or guard said no. */
  notLetIn: 4,
  /** Time ran out or the connection was lost after the call was sent: it may have run. */
  outcomeUnknown: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export const exitCodesHelp = `
Exit codes:
  0    done
  1    the action threw, the server refused the call, or a server could not start
  2    wrong arguments, options or JSON
  3    the server cannot be reached, or no such daemon runs
  4    the server does not let us in: token or guard
  5    time ran out or the connection was lost after the call was sent: it may have run
  130  interrupted by Ctrl-C
`
