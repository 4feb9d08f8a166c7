// What a load finishes of a save whose process ended: the files that a save makes, and nothing else that a list may name.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { finishPublishing } from '../../../lib/features/data/engine/publish-files.ts'

const mark = '.0123456789ab.tmp'

describe('A save that was left half-way', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-left-save-'))
    mkdirSync(join(directory, 'tables'))
  })

  afterEach(() => rmSync(directory, { recursive: true }))

  const write = (name: string, text = name): void => writeFileSync(join(directory, 'tables', name), text)
  const names = (): string[] => readdirSync(join(directory, 'tables')).sort()
  const finish = (): Promise<void> => finishPublishing(join(directory, 'tables'))

  it('is finished: what is listed is in its place, also where some of it was already', async () => {
    write(`a.json${mark}`)
    write('b.csv')
    write('isock-save.json', JSON.stringify([`a.json${mark}`, `b.csv${mark}`]))
    await finish()
    expect(names()).to.deep.equal(['a.json', 'b.csv'])
    expect(readFileSync(join(directory, 'tables', 'a.json'), 'utf8')).to.equal(`a.json${mark}`)
  })

  it('moves nothing that a save does not make', async () => {
    writeFileSync(join(directory, `c.json${mark}`), 'elsewhere')
    for (const name of [`d.txt${mark}`, 'e.json', 'f.json.xyz.tmp']) write(name)
    const listed = [`../c.json${mark}`, `d.txt${mark}`, 'e.json', 'f.json.xyz.tmp', 5, null, { a: 1 }]
    write('isock-save.json', JSON.stringify(listed))
    await finish()
    expect(names()).to.deep.equal([`d.txt${mark}`, 'e.json', 'f.json.xyz.tmp'])
    expect(existsSync(join(directory, `c.json${mark}`))).to.equal(true)
  })

  for (const [what, text] of [
    ['is not whole', `["a.json${mark}"`],
    ['is no list', '{"0":"a"}'],
  ] as const)
    it(`is forgotten where its list ${what}`, async () => {
      write(`a.json${mark}`)
      write('isock-save.json', text)
      await finish()
      expect(names()).to.deep.equal([`a.json${mark}`])
    })

  it('is none where there is no list, or no directory', async () => {
    write('a.json')
    await finish()
    expect(names()).to.deep.equal(['a.json'])
    await finishPublishing(join(directory, 'missing'))
    await finishPublishing(join(directory, 'tables', 'a.json'))
  })

  it('is an error where its list cannot be read', async () => {
    mkdirSync(join(directory, 'tables', 'isock-save.json'))
    const error = await finish().catch((reason: NodeJS.ErrnoException) => reason)
    expect(error).to.have.property('code', 'EISDIR')
  })
})
