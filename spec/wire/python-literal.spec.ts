// Literals of Python, as its str() writes them; what is none; and hostile ones.
import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import fc from 'fast-check'
import { readPythonLiteral } from '../../lib/core/wire/values/python-literal.ts'
import { anyCharacter } from '../setup/any-character.ts'
import { sizeOf } from '../setup/long.ts'
import { skip } from '../setup/skip.ts'

const valueIn = (text: string): unknown => {
  const read = readPythonLiteral(text)
  if ('fault' in read) throw new Error(read.fault)
  return read.value
}

const faultOf = (text: string, limits = { maxDepth: 64, maxContainers: 1_000 }): string => {
  const read = readPythonLiteral(text, limits)
  return 'fault' in read ? read.fault : `no fault: ${JSON.stringify(read.value)}`
}

describe("Python's literals", () => {
  const literals: [string, unknown][] = [
    ["{'email': 'ada', 'password': 'it\\'s'}", { email: 'ada', password: "it's" }],
    [`{'a': "it's", "b": 'say "x"'}`, { a: "it's", b: 'say "x"' }],
    ['[]', []],
    ["['a', 'b']", ['a', 'b']],
    ["['a', 'b',]", ['a', 'b']],
    ['(1, 2)', [1, 2]],
    ['(1,)', [1]],
    ['()', []],
    ['(1)', 1],
    ['{}', {}],
    ["{'a', 'b', 'a'}", new Set(['a', 'b'])],
    ['{1, 2,}', new Set([1, 2])],
    ['set()', new Set()],
    ['True', true],
    ['[False, None]', [false, null]],
    ['[1, -2, 3.5, 1e-05, 1E+16, -0.0, .5, 7.]', [1, -2, 3.5, 1e-5, 1e16, -0, 0.5, 7]],
    [" { 'a' : [ 1 , { 'b' : None } ] } \n", { a: [1, { b: null }] }],
    ["'\\\\ \\n\\t\\r\\x41\\u00e9\\U0001f600\\101\\0'", '\\ \n\t\rAé😀A\0'],
    ["'ü 😀 日本'", 'ü 😀 日本'],
    ["''", ''],
  ]
  for (const [text, value] of literals) {
    it(`are read: ${text}`, () => {
      expect(valueIn(text)).to.deep.equal(value)
    })
  }

  it('keep a key of any name as a field of its own', () => {
    const value = valueIn("{'__proto__': {'isAdmin': True}, 'constructor': 1}") as object
    expect(Object.keys(value)).to.deep.equal(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype)
    expect(({} as { isAdmin?: boolean }).isAdmin).to.equal(undefined)
  })

  const wrong = [
    ...['', ' ', 'x', 'true', 'null', 'nan', 'inf', '-inf', 'Truey', '1_000', '0x10', '007', '1j', '9007199254740993'],
    ...[
      '1e999',
      '[1',
      '[1 2]',
      '[,]',
      '[1,,2]',
      '{1: 2}',
      "{'a'}x",
      "{'a': 1 'b': 2}",
      "{'a': 1, 'b'}",
      "{'a', 'b': 1}",
    ],
    ...["{'a':}", '{,}', "{'a': 1,,}", "'a", "'a\nb'", "'\\q'", "'\\x4'", "'\\uD8'", "'\\U00110000'", "'\\N{DASH}'"],
    ...[
      "b'a'",
      "r'a'",
      "f'{x}'",
      "'''a'''",
      "'a' 'b'",
      '{[1]}',
      '{(1, 2)}',
      'set([1])',
      'frozenset()',
      'dict()',
      '__import__',
    ],
    ...[
      'datetime.datetime(2026, 1, 1)',
      '[1 for x in y]',
      '[1] + [2]',
      '1 + 1',
      "'a' * 9",
      'lambda: 1',
      '[*a]',
      '{**a}',
    ],
  ]
  for (const text of wrong) {
    it(`are no others: ${JSON.stringify(text)}`, () => {
      expect(faultOf(text)).to.not.include('no fault')
    })
  }

  it('have the bounds of values, and no stack that overflows', () => {
    expect(faultOf('['.repeat(65))).to.equal('nested more than 64 deep')
    expect(faultOf('['.repeat(1_000_000))).to.equal('nested more than 64 deep')
    expect(faultOf(`[${'[],'.repeat(1_000)}]`)).to.equal('more than 1000 lists and dicts')
    expect(faultOf(`[${'[],'.repeat(999)}]`)).to.include('no fault')
  })

  it('take a time that grows with their length, whatever they are', () => {
    const long = 400_000
    const texts = ["'", '\\', ' ', '[', '1', 'e', '-', "'\\", '{', "['a',", '(', '1.', '"\'', '.', '\t', 'x'].flatMap(
      (part) => [
        part.repeat(long / part.length),
        `[${part.repeat(long / part.length)}`,
        `'${part.repeat(long / part.length)}`,
      ],
    )
    for (const text of texts) {
      const startedAt = performance.now()
      faultOf(text)
      // Seconds where anything is looked at again and again.
      expect(performance.now() - startedAt, text.slice(0, 10)).to.be.lessThan(1_000)
    }
  })

  it('never tell what was in them', () => {
    for (const text of ["{'password': secret}", "{'password': 'secret", 'secret', "{'a': 1} secret", "'\\qsecret'"])
      expect(faultOf(text)).to.not.include('secret')
  })

  it('are none in anything else: no text makes it throw', () => {
    const parts = [
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      ',',
      ':',
      "'",
      '"',
      '\\',
      'x',
      'True',
      'None',
      'set',
      '1',
      '.',
      'e',
      '-',
      ' ',
      'ü',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 40 }), (chosen) => {
        readPythonLiteral(chosen.join(''))
      }),
      { numRuns: sizeOf({ all: 5_000, few: 1_000 }) },
    )
  })

  it('are what Python itself writes', function () {
    const values = fc.sample(jsonLike, { numRuns: 300, seed: 7 })
    const program = 'import json, sys\nfor line in sys.stdin: print(json.dumps(str([json.loads(line)])))'
    let written: string
    try {
      const input = values.map((value) => `${JSON.stringify(value)}\n`).join('')
      written = execFileSync('python3', ['-c', program], {
        input,
        encoding: 'utf8',
        env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
      })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return skip(this, 'there is no python3')
    }
    const texts = written.trim().split('\n')
    expect(texts).to.have.length(values.length)
    for (const [at, text] of texts.entries()) {
      expect(valueIn(JSON.parse(text) as string)).to.deep.equal([JSON.parse(JSON.stringify(values[at]))])
    }
  })
})

const jsonLike = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: anyCharacter }),
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value
