// What every Link must do, over each of them.
import { expect } from 'chai'
import type { Link } from '../../lib/core/link/link.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { type LinkPair, linkKinds } from './link-pairs.ts'

/** Listens to an end and writes down what comes. */
class Recorder {
  readonly chunks: Uint8Array[] = []
  ends = 0
  drains = 0
  error: Error | undefined

  constructor(link: Link) {
    link.open({
      onBytes: (chunk) => this.chunks.push(Buffer.from(chunk)),
      onDrain: () => {
        this.drains++
      },
      onEnd: (error) => {
        this.ends++
        this.error = error
      },
    })
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

for (const kind of linkKinds) {
  describe(`Link contract: ${kind.name}`, () => {
    let pair: LinkPair

    beforeEach(async function () {
      if (kind.missing !== undefined) skip(this, kind.missing)
      pair = await kind.connect()
    })

    afterEach(async () => {
      pair?.near.close('abort')
      pair?.far.close('abort')
      await pair?.release()
    })

    it('delivers bytes in order, both ways', async () => {
      const near = new Recorder(pair.near)
      const far = new Recorder(pair.far)
      pair.near.write([Buffer.from('one '), Buffer.from('two ')])
      pair.near.write([Buffer.from('three')])
      pair.far.write([Buffer.from('back')])
      await waitFor(() => far.bytes.toString() === 'one two three' && near.bytes.toString() === 'back')
    })

    it('delivers what was written before the other side listened', async () => {
      const near = new Recorder(pair.near)
      pair.near.write([Buffer.from('early')])
      await new Promise((resolve) => setImmediate(resolve))
      const far = new Recorder(pair.far)
      await waitFor(() => far.bytes.toString() === 'early')
      expect(near.ends).to.equal(0)
    })

    it('carries four megabytes unharmed', async () => {
      const far = new Recorder(pair.far)
      new Recorder(pair.near)
      const sent = Buffer.alloc(4 * 1024 * 1024)
      for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE((i * 2654435761) >>> 0, i)
      pair.near.write([sent.subarray(0, 1_000_000), sent.subarray(1_000_000)])
      await waitFor(() => far.chunks.reduce((sum, chunk) => sum + chunk.length, 0) === sent.length, { what: '4 MiB' })
      expect(far.bytes.equals(sent)).to.equal(true)
    })

    it('tells the other side of its end after everything that was written', async () => {
      const far = new Recorder(pair.far)
      new Recorder(pair.near)
      pair.near.write([Buffer.from('last words')])
      pair.near.close('flush')
      await waitFor(() => far.ends > 0)
      expect(far.bytes.toString()).to.equal('last words')
      expect(far.error).to.equal(undefined)
    })

    it('tells the other side when it is aborted', async () => {
      const far = new Recorder(pair.far)
      new Recorder(pair.near)
      pair.near.close('abort')
      await waitFor(() => far.ends > 0)
    })

    it('ends once, and is quiet after its own close', async () => {
      const near = new Recorder(pair.near)
      const far = new Recorder(pair.far)
      pair.near.close('flush')
      pair.near.close('abort')
      pair.far.write([Buffer.from('too late')])
      await waitFor(() => far.ends > 0)
      expect(far.ends).to.equal(1)
      expect(near.ends).to.equal(0)
      expect(near.bytes.length).to.equal(0)
    })

    it('takes writes after its end without an error', async () => {
      new Recorder(pair.near)
      const far = new Recorder(pair.far)
      pair.near.close('abort')
      await waitFor(() => far.ends > 0)
      expect(() => pair.far.write([Buffer.from('x')])).to.not.throw()
      expect(() => pair.near.write([Buffer.from('x')])).to.not.throw()
    })

    it('says whether others could read it', () => {
      expect(pair.near.peer.isPrivate).to.equal(true)
      expect(kind.name).to.match(new RegExp(`^${pair.near.peer.transport}`))
      expect(pair.far.peer.description).to.be.a('string')
    })
  })
}
