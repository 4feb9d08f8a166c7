// The faults that the simulation has to find can be planted in the library as it is now.
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { mutants } from '../../scripts/planted-faults.ts'

describe('the faults planted for the simulation', () => {
  for (const { name, file, from } of mutants) {
    it(`have their place in ${file}: ${name}`, () => {
      const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
      expect(source.split(from).length - 1, `«${from}»`).to.equal(1)
    })
  }
})
