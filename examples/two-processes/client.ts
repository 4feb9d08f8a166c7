// The client's process: runs actions of the server by class reference, and ends by itself when it has no more to do.
import { Client } from 'isock'
import { Count } from '../../shared-actions/count.ts'
import { Echo } from '../../shared-actions/echo.ts'
import { Exec } from '../../shared-actions/exec.ts'
import { ExecHistory } from '../../shared-actions/exec-history.ts'
import { Order, OutOfStock } from '../../shared-actions/stock.ts'
import { Time } from '../../shared-actions/time.ts'
import { printCall, printHeading, printRow, show } from './print-call.ts'

const client = new Client(process.argv[2] ?? 'localhost:4440')

printHeading('calls: value and time')
await printCall("Echo 'Echo test!'", () => client.runAction(Echo, 'Echo test!'))
await printCall("Exec 'echo hello from a shell'", () => client.runAction(Exec, 'echo hello from a shell'))
await printCall("Exec ['node', '--version']", () => client.runAction(Exec, [process.execPath, '--version']))
const history = await client.runAction(ExecHistory)
await printCall('ExecHistory, its length', () => client.runAction(ExecHistory).then((commands) => commands.length))
printRow('  the first of them', show(history[0]))
const time = await printCall('Time', () => client.runAction(Time))
printRow('  time instanceof Date', show(time instanceof Date))
await printCall('Order 2 x teapot: what is left', () => client.runAction(Order, { item: 'teapot', quantity: 2 }))

printHeading('an exception arrives as the class that was thrown')
const startedAt = performance.now()
try {
  await client.runAction(Order, { item: 'teapot', quantity: 2 })
} catch (error) {
  if (!(error instanceof OutOfStock)) throw error
  printRow('Order 2 x teapot', `throws ${error.name}`, performance.now() - startedAt)
  printRow('  error instanceof OutOfStock', show(error instanceof OutOfStock))
  printRow('  error.message', show(error.message))
  printRow('  error.wanted, error.left', show([error.wanted, error.left]))
}

printHeading('a stream, item by item')
const countStartedAt = performance.now()
const call = client.runAction(Count, 5)
for await (const item of call) printRow('Count 5: an item', show(item), performance.now() - countStartedAt)
printRow('Count 5: the result', show(await call), performance.now() - countStartedAt)
