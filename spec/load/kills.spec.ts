// A reduced run of `npm run kill-servers`: some faults over each store.
import { expect } from 'chai'
import { OwnPostgres } from '../../load/kills/own-postgres.ts'
import { makePrograms, type Programs } from '../../load/kills/programs.ts'
import { countOf, isClean } from '../../load/kills/report.ts'
import { World } from '../../load/kills/world.ts'
import { longDescribe } from '../setup/long.ts'
import { skip } from '../setup/skip.ts'

const kills = Number(process.env['ISOCK_KILLS'] ?? 8)

longDescribe('Servers that are killed, stopped and cut off', function () {
  // A busy machine is many times slower.
  this.timeout(kills * 60_000 + 300_000)
  let programs: Programs

  before(async function () {
    if (process.platform !== 'linux') skip(this, 'signals, mounts and limits are those of Linux')
    programs = await makePrograms()
  })

  after(() => programs?.remove())

  for (const store of ['file', 'postgres'] as const)
    it(`keep each promise, over ${store === 'file' ? 'a file' : 'PostgreSQL'}`, async function () {
      if (store === 'postgres' && OwnPostgres.missing !== undefined) skip(this, OwnPostgres.missing)
      const seed = Math.floor(Math.random() * 1e9)
      const seconds = kills * 60
      const world = new World({ store, kills, seconds, seed, pauseMs: 300, programs, onProgress: () => undefined })
      const report = await world.run()
      expect(isClean(report), `${JSON.stringify(report, undefined, 2)}\nthe evidence is in ${world.folder}`).to.equal(
        true,
      )
      expect(countOf(report.faults)).to.be.at.least(1)
      expect(report.calls['ok']).to.be.greaterThan(0)
    })
})
