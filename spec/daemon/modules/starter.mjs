// Starts daemons as its arguments say, prints what came of it, and stays.
import { runInBackground } from 'isock/daemon'

const { count = 1, ...options } = JSON.parse(process.argv[2])
const starts = Array.from({ length: count }, () => runInBackground(options))
for (const outcome of await Promise.allSettled(starts)) {
  if (outcome.status === 'fulfilled') console.log(`started ${outcome.value.pid}`)
  else console.log(`failed ${outcome.reason.code}`)
}
console.log('done')
setInterval(() => undefined, 60_000)
