import net from 'node:net'
import { expect } from 'chai'
import { skip } from './setup/skip.ts'
import { waitFor } from './setup/wait-for.ts'

describe('tmp', () => {
  it('passes', () => {
    expect(1).to.equal(1)
  })
  it('leaks a server', async () => {
    const s = net.createServer()
    await new Promise<void>((r) => s.listen(0, r))
  })
  it('leaks a timer', () => {
    setTimeout(() => {}, 3000)
  })
  it('slow close ok', async () => {
    const s = net.createServer()
    await new Promise<void>((r) => s.listen(0, r))
    setTimeout(() => s.close(), 100)
  })
  it('unref ok', () => {
    setTimeout(() => {}, 3000).unref()
  })
  it('skips', function () {
    skip(this, 'no such thing here')
  })
  it.skip('skips bare', () => {})
  it('pending without body')
  it('fails with diff', () => {
    expect({ a: 1, b: [1, 2] }).to.deep.equal({ a: 1, b: [1, 3] })
  })
  it('waitFor', async () => {
    let n = 0
    expect(await waitFor(() => ++n > 30 && n)).to.equal(31)
  })
  it('waitFor fails', async () => {
    await waitFor(() => false, { timeoutMs: 50, what: 'godot' })
  })
  describe('whole', () => {
    before(async function () {
      skip(this, 'suite reason')
    })
    it('a', () => {})
    it('b', () => {})
  })
  describe('beforeEach', () => {
    beforeEach(function () {
      skip(this, 'each reason')
    })
    it('a', () => {})
    it('b', () => {})
  })
  it('child ok', async () => {
    const { spawn } = await import('node:child_process')
    const c = spawn('true')
    await new Promise((r) => c.on('close', r))
  })
})
