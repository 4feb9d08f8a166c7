// npm run bench:fanout: one message to many subscribers over real sockets. The server is one process, all subscribers
// are another. For each contender and burst: messages delivered per second, and what a delivery costs the server.
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { benchFolder, compile, installPeers } from '../prepare.ts'
import { type FanoutContender, messageAt } from './contender.ts'

const modules: Readonly<Record<string, string>> = {
  raw: './raw.js',
  isock: './isock.js',
  'socket.io': '../contenders/peers/socket-io-rooms.js',
}

/** Messages that are published in one turn, before the next ones wait for all to have arrived. */
const bursts = [1, 10, 100]
const warmUpMs = 1_000

interface Sample {
  readonly perSecond: number
  readonly serverMicroseconds: number
}

const { values: options, positionals } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '2' },
  },
  allowPositionals: true,
})
const subscribers = Number(options.subscribers)
const [role, name = '', detail = ''] = positionals

if (role === 'server') await serve(name, Number(detail))
else if (role === 'subscribers') await subscribe(name, Number(detail))
else compareAll()

/** Runs each contender in processes of its own, and prints a table. */
function compareAll(): void {
  const say = (text: string): void => void process.stderr.write(text)
  installPeers(say)
  compile(say)
  const worker = `${benchFolder}dist/bench/fanout/main.js`
  console.log(`one message to ${subscribers} subscribers, ${options.seconds} s for each row\n`)
  console.log('| contender | messages at once | deliveries/s | server CPU per delivery |')
  console.log('|---|---|---|---|')
  for (const burst of bursts) {
    for (const contender of Object.keys(modules)) {
      const flags = ['--subscribers', options.subscribers, '--seconds', options.seconds]
      const { stdout, status } = spawnSync(process.execPath, [worker, 'server', contender, String(burst), ...flags], {
        stdio: ['ignore', 'pipe', 'inherit'],
        encoding: 'utf8',
        timeout: 120_000,
      })
      if (status !== 0) throw new Error(`${contender} failed`)
      const { perSecond, serverMicroseconds } = JSON.parse(stdout) as Sample
      console.log(
        `| ${contender} | ${burst} | ${Math.round(perSecond / 1_000)} k | ${serverMicroseconds.toFixed(2)} us |`,
      )
    }
  }
}

async function load(contender: string): Promise<FanoutContender> {
  return ((await import(modules[contender] as string)) as { contender: FanoutContender }).contender
}

/** Publishes bursts until the time is over, each when the last one has arrived everywhere. */
async function serve(contender: string, burst: number): Promise<void> {
  const topic = await (await load(contender)).serve()
  const child = fork(fileURLToPath(import.meta.url), [
    'subscribers',
    contender,
    String(topic.port),
    '--subscribers',
    options.subscribers,
  ])
  const arrived = async (): Promise<void> => void (await once(child, 'message'))
  await arrived() // they are connected
  let published = 0
  const publishBurst = async (): Promise<void> => {
    child.send(burst * subscribers)
    await arrived() // they count anew
    const done = arrived()
    for (let i = 0; i < burst; i++) void topic.publish(messageAt(published++))
    await done
  }
  for (const warmAt = performance.now() + warmUpMs; performance.now() < warmAt; ) await publishBurst()
  published = 0
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const endAt = startedAt + Number(options.seconds) * 1_000
  while (performance.now() < endAt) await publishBurst()
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const deliveries = published * subscribers
  const sample: Sample = { perSecond: deliveries / seconds, serverMicroseconds: (user + system) / deliveries }
  child.kill()
  await topic.close()
  process.stdout.write(JSON.stringify(sample), () => process.exit())
}

async function subscribe(contender: string, port: number): Promise<void> {
  let expected = Number.POSITIVE_INFINITY
  let came = 0
  await (await load(contender)).connect(port, subscribers, (count) => {
    came += count
    if (came >= expected) {
      expected = Number.POSITIVE_INFINITY
      process.send?.('all came')
    }
  })
  process.on('message', (count: number) => {
    expected = count
    came = 0
    process.send?.('counting')
  })
  process.send?.('connected')
}
