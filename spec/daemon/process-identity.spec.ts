// Which process a pid means, by /proc and by `ps`; and that no other one is signalled.
import { expect } from 'chai'
import {
  isRunning,
  ownIdentity,
  type ProcessReaders,
  platformReaders,
  signalProcess,
  stateOf,
} from '../../lib/daemon/process-identity.ts'
import { skip } from '../setup/skip.ts'

const pid = 4_242

describe('a process is known', () => {
  const statOf = (startTime: number | string, state = 'S', name = 'node'): string =>
    `${pid} (${name}) ${state} ${Array.from({ length: 18 }, (_, i) => i).join(' ')} ${startTime} 21 22`
  const proc = (stat: string | undefined, bootId = 'boot-1'): ProcessReaders => ({
    readText: (path) =>
      ({ '/proc/self/stat': statOf(1), [`/proc/${pid}/stat`]: stat, '/proc/sys/kernel/random/boot_id': `${bootId}\n` })[
        path
      ],
    ps: () => expect.fail('ps was asked'),
    exists: () => true,
  })
  const ps = (line: string | undefined, exists = true): ProcessReaders => ({
    readText: () => undefined,
    ps: () => line,
    exists: () => exists,
  })

  describe('by /proc', () => {
    const known = { pid, startTime: 777, bootId: 'boot-1' }

    it('by its start time and the boot, whatever its name is', () => {
      expect(stateOf(known, proc(statOf(777)))).to.equal('running')
      expect(stateOf(known, proc(statOf(777, 'T', 'a) Z 1 2')))).to.equal('running')
      expect(stateOf(known, proc(statOf(778))), 'another one').to.equal('gone')
      expect(stateOf(known, proc(statOf(777), 'boot-2')), 'after a boot').to.equal('gone')
      for (const dead of ['Z', 'X']) expect(stateOf(known, proc(statOf(777, dead))), dead).to.equal('gone')
    })

    it('where /proc has it no more, or is unreadable for it', () => {
      expect(stateOf(known, proc(undefined))).to.equal('gone')
      expect(stateOf(known, proc(statOf('x')))).to.equal('gone')
    })

    it('not by what was found in another way', () => {
      expect(stateOf({ pid, startSecond: 777 }, proc(statOf(777)))).to.equal('unknown')
      expect(stateOf({ pid }, proc(statOf(777)))).to.equal('unknown')
    })
  })

  describe('by ps', () => {
    const known = { pid, startSecond: Date.UTC(2026, 2, 7, 9, 5, 4) / 1_000 }

    it('by the second of its start', () => {
      for (const line of [
        'Ss   Sat Mar  7 09:05:04 2026\n',
        'R+ Sat Mar 7 09:05:04 2026',
        '  T    Sat Mar  7 09:05:04 2026  ',
      ])
        expect(stateOf(known, ps(line)), line).to.equal('running')
      expect(stateOf(known, ps('Ss   Sat Mar  7 09:05:05 2026'))).to.equal('gone')
      expect(stateOf(known, ps('Z    Sat Mar  7 09:05:04 2026')), 'a zombie').to.equal('gone')
      expect(
        stateOf({ pid, startSecond: Date.UTC(2026, 11, 31, 23, 59, 59) / 1_000 }, ps('S Thu Dec 31 23:59:59 2026')),
      ).to.equal('running')
    })

    it('not where it prints something else, or nothing, or is not there', () => {
      for (const line of [
        undefined,
        '',
        '\n',
        'S',
        'S Sat 7 Mar 09:05:04 2026',
        'S Sat Mrz  7 09:05:04 2026',
        'S 09:05',
      ])
        expect(stateOf(known, ps(line)), String(line)).to.equal('unknown')
    })

    it('to be gone where no process has its number', () => {
      expect(stateOf(known, ps(undefined, false))).to.equal('gone')
      let looks = 0
      const endsMeanwhile = { ...ps(''), exists: () => looks++ === 0 }
      expect(stateOf(known, endsMeanwhile)).to.equal('gone')
    })

    it('not by what was found in another way', () => {
      expect(stateOf({ pid, startTime: 777, bootId: 'boot-1' }, ps('S Sat Mar  7 09:05:04 2026'))).to.equal('unknown')
    })

    it('as this system prints it', function () {
      if (platformReaders.ps(process.pid) === undefined) skip(this, 'there is no ps that prints lstart; install procps')
      const withoutProc = { ...platformReaders, readText: () => undefined }
      const own = ownIdentity(withoutProc)
      expect(own.startSecond).to.be.closeTo(Date.now() / 1_000 - process.uptime(), 5)
      expect(stateOf(own, withoutProc)).to.equal('running')
      const zone = process.env['TZ']
      process.env['TZ'] = 'Asia/Tokyo'
      try {
        expect(stateOf(own, withoutProc), 'in another time zone').to.equal('running')
      } finally {
        if (zone === undefined) delete process.env['TZ']
        else process.env['TZ'] = zone
      }
    })
  })

  it('itself', () => {
    expect(stateOf(ownIdentity())).to.equal('running')
  })

  describe('and a signal', () => {
    const signalled = (readers: ProcessReaders, known = { pid, startSecond: 0 }): [boolean, unknown[]] => {
      const sent: unknown[] = []
      return [signalProcess(known, 'SIGKILL', readers, (...args) => sent.push(args)), sent]
    }

    it('goes to it alone: not to another one with its number, nor to one that may be another', () => {
      expect(signalled(ps('S Thu Jan  1 00:00:00 1970'))).to.deep.equal([true, [[pid, 'SIGKILL']]])
      for (const line of ['S Thu Jan  1 00:00:01 1970', 'Z Thu Jan  1 00:00:00 1970', undefined, ''])
        expect(signalled(ps(line)), String(line)).to.deep.equal([false, []])
      expect(isRunning({ pid, startSecond: 0 }, ps(undefined)), 'it may run').to.equal(true)
    })

    it('is lost where it ends in that moment', () => {
      const gone = (): never => {
        throw Object.assign(new Error('no such process'), { code: 'ESRCH' })
      }
      expect(signalProcess({ pid, startSecond: 0 }, 'SIGKILL', ps('S Thu Jan  1 00:00:00 1970'), gone)).to.equal(false)
    })
  })
})
