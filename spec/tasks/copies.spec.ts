// Tasks and processes that were made with another copy of the package, as when the command is installed apart from the project.
import { expect } from 'chai'
import {
  type CronTask,
  type IntervalTask,
  type Process,
  type ProcessContext,
  type Server,
  type ShutdownTask,
  type StartupTask,
  Task,
  type TaskContext,
} from '../../lib/index.ts'
import { TaskWorld } from './task-world.ts'

const copyOf = <Module>(name: string) => import(`../../lib/features/tasks/${name}.ts?another-copy`) as Promise<Module>

describe('Of another copy of isock', () => {
  let world: TaskWorld
  let server: Server
  let runs: string[]

  beforeEach(() => {
    world = new TaskWorld('2026-01-01T00:00:00Z')
    server = world.server()
    runs = []
  })

  afterEach(() => world.close())

  const listen = () => world.clock.until(server.listen())

  it('a task of the start runs before the server listens', async () => {
    const { StartupTask: Other } = await copyOf<{ StartupTask: typeof StartupTask }>('startup-task')
    class Start extends Other {
      run = ({ name }: TaskContext) => void runs.push(name)
    }
    server.addTask(new Start())
    await listen()
    expect(runs).to.deep.equal(['Start'])
    expect(server.tasks[0]?.kind).to.equal('startup')
  })

  it('a task of the end runs when the server shuts down', async () => {
    const { ShutdownTask: Other } = await copyOf<{ ShutdownTask: typeof ShutdownTask }>('shutdown-task')
    class End extends Other {
      run = ({ name }: TaskContext) => void runs.push(name)
    }
    server.addTask(new End())
    await listen()
    expect(server.tasks[0]?.kind).to.equal('shutdown')
    await world.clock.until(server.shutdown())
    expect(runs).to.deep.equal(['End'])
  })

  it('a task at intervals runs at its intervals', async () => {
    const { IntervalTask: Other } = await copyOf<{ IntervalTask: typeof IntervalTask }>('interval-task')
    class Every extends Other {
      intervalMs = () => 100
      run = ({ name }: TaskContext) => void runs.push(name)
    }
    server.addTask(new Every())
    await listen()
    await world.clock.advance(250)
    expect(runs).to.deep.equal(['Every', 'Every'])
    expect(server.tasks[0]?.kind).to.equal('interval')
  })

  it('a task by the calendar runs at its times', async () => {
    const { CronTask: Other } = await copyOf<{ CronTask: typeof CronTask }>('cron-task')
    class Hourly extends Other {
      readonly pattern = '0 * * * *'
      run = ({ name }: TaskContext) => void runs.push(name)
    }
    server.addTask(new Hourly())
    await server.listen()
    await world.clock.advance(3_600_000)
    expect(runs).to.deep.equal(['Hourly'])
    expect(server.tasks[0]?.kind).to.equal('cron')
  })

  it('a process runs, and is listened to by its class', async () => {
    const { Process: Other } = await copyOf<{ Process: typeof Process }>('process')
    class Ticker extends (Other as typeof Process<{ tick: number }>) {
      async run({ output, signal }: ProcessContext<{ tick: number }>) {
        while (output.listenerCount === 0 && !signal.aborted) await new Promise((resolve) => setImmediate(resolve))
        output.send('tick', 1)
        output.finish()
      }
    }
    server.addProcess(new Ticker())
    await listen()
    const heard: unknown[] = []
    const listening = world.client().onProcess(Ticker)
    const reading = (async () => {
      for await (const event of listening) heard.push(event)
    })()
    await world.clock.until(listening.ready)
    await reading
    expect(heard).to.deep.equal([{ event: 'tick', data: 1 }])
    expect(server.removeProcess(Ticker)).to.equal(true)
  })

  it('what is of no kind that runs is refused all the same', async () => {
    const { Task: Other } = await copyOf<{ Task: new () => object }>('task')
    class Own extends Other {}
    expect(new Own()).to.be.instanceOf(Task)
    expect(() => server.addTask(new Other() as StartupTask)).to.throw('StartupTask, IntervalTask, CronTask')
  })
})
