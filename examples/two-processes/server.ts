// The server's process: registers the shared actions, tells its parent where it listens, and ends with it.
import { Server } from 'isock'
import { Count } from '../../shared-actions/count.ts'
import { Echo } from '../../shared-actions/echo.ts'
import { Exec } from '../../shared-actions/exec.ts'
import { type Command, ExecHistory } from '../../shared-actions/exec-history.ts'
import { Order } from '../../shared-actions/stock.ts'
import { Time } from '../../shared-actions/time.ts'

// Variables of the server: actions get them through their constructors.
const history: Command[] = []
const stock = new Map([['teapot', 3]])

const server = new Server('localhost', 0)
server.addAction(new Echo())
server.addAction(new Exec(history))
server.addAction(new ExecHistory(history))
server.addAction(new Time())
server.addAction(new Order(stock))
server.addAction(new Count(20))
await server.listen()
process.send?.(server.addresses[0])

// The channel closes when the parent is done with us, or has died.
const stop = (): void => void server.shutdown({ graceMs: 1_000 })
process.once('disconnect', stop).once('SIGINT', stop).once('SIGTERM', stop)
