// The faults that the simulation has to find can be planted in the library as it is now.
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { mutants } from '../../scripts/planted-faults.ts'
import { storeMutants } from '../../scripts/planted-store-faults.ts'

describe('the faults planted for the simulation', () => {
  for (const mutant of [...mutants, ...storeMutants]) {
    it(`have their place in ${mutant.file}: ${mutant.name}`, () => {
      for (const { file, from } of [mutant, ...(mutant.more ?? [])]) {
        const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
        expect(source.split(from).length - 1, `«${from}»`).to.equal(1)
      }
    })
  }
})
