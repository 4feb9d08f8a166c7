// What the daemons of these specs serve.
import { Action } from 'isock'

export class Pid extends Action {
  action() {
    return process.pid
  }
}

/** Takes its time, so that a handover finds it running. */
export class Slow extends Action {
  async action(delayMs) {
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    return process.pid
  }
}

/** Prints what it is given. */
export class Print extends Action {
  action(text) {
    console.log(text)
  }
}

/** Ends the daemon as a fault of its code would. */
export class Crash extends Action {
  action() {
    setImmediate(() => {
      throw new RangeError('crashed on purpose')
    })
  }
}

export function setup(server) {
  server.addActions({ fromSetup: () => 'set up' })
}
