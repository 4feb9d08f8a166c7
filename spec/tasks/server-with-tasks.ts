// A script: a server with tasks and a process of every kind that is shut down, and so must end, though nothing in it
// ends by itself.
import { CronTask, IntervalTask, Process, Server, ShutdownTask } from 'isock'

class Often extends IntervalTask {
  intervalMs() {
    return 3_600_000
  }

  run() {}
}

class Daily extends CronTask {
  readonly pattern = '@daily'

  run() {}
}

class Deaf extends IntervalTask {
  override readonly runsAtOnce = true

  intervalMs() {
    return 1
  }

  run() {
    return new Promise(() => undefined)
  }
}

class DeafProcess extends Process {
  run() {
    return new Promise(() => undefined)
  }
}

class Last extends ShutdownTask {
  run() {
    console.log('tidied up')
  }
}

const quiet = () => undefined
const server = new Server('localhost', 0, { log: { debug: quiet, info: quiet, warn: quiet, error: quiet } })
server.addTask(new Often()).addTask(new Daily()).addTask(new Deaf()).addTask(new Last())
server.addProcess(new DeafProcess())
await server.listen()
await server.shutdown({ graceMs: 200 })
console.log('shut down')
