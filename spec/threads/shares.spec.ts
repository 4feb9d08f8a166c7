// Whose calls wait for a thread where only a few may.

import { expect } from 'chai'
import { BusyError, Client, Server } from '../../lib/index.ts'
import { threads } from '../../lib/threads.ts'
import { longIt } from '../setup/long.ts'
import { VirtualNetwork } from '../setup/virtual-network.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'
import { EchoThere, Patient } from './thread-actions.ts'

describe('Calls that wait for a thread', () => {
  longIt('make room for those of another address, where they are most of all', async () => {
    const network = new VirtualNetwork()
    await using server = new Server({ address: 'memory:server', network, features: [threads({ max: 1, maxQueue: 2 })] })
    server.addAction(new Patient()).addAction(new EchoThere())
    await server.listen()
    const at = (address: string): Client => new Client('memory:server', { network: network.at(address), retry: 0 })
    await using hoarder = at('192.0.2.1')
    await using honest = at('192.0.2.2')
    const running = hoarder.runAction(Patient)
    const first = hoarder.runAction(EchoThere, 1)
    const second = failureOf(hoarder.runAction(EchoThere, 2))
    const third = failureOf(hoarder.runAction(EchoThere, 3))
    const isHere = honest.runAction(EchoThere, 4)
    const errors = await Promise.all([second, third])
    for (const error of errors) expect(error).to.be.instanceOf(BusyError).and.include({ notStarted: true })
    running.cancel()
    await failureOf(running)
    await waitFor(() => server.callCount === 5)
    expect(await Promise.all([first, isHere])).to.deep.equal([1, 4])
  }).timeout(30_000)
})
