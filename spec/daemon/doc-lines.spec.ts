// What is read from the comment above a class.
import { expect } from 'chai'
import { docLineOf } from '../../lib/modules/doc-lines.ts'

describe('docLineOf', () => {
  it('gives the first line of the comment above the class', () => {
    expect(docLineOf('A', '/** Does it. */\nexport class A extends Action {}')).to.equal('Does it.')
    expect(docLineOf('A', '/**\n * Does it.\n * And more.\n */\nclass A {}')).to.equal('Does it.')
    expect(docLineOf('A', '/** Does it. */\n// a note\nexport default abstract class A {}')).to.equal('Does it.')
  })

  it('takes no comment of anything else', () => {
    expect(docLineOf('A', '/** Of B. */\nclass B {}\nclass A {}')).to.equal(undefined)
    expect(docLineOf('A', '/* plain */\nclass A {}')).to.equal(undefined)
    expect(docLineOf('A', '/** Of AB. */\nclass AB {}')).to.equal(undefined)
    expect(docLineOf('A', '/** @internal */\nclass A {}')).to.equal(undefined)
    expect(docLineOf('A', 'const a = 1')).to.equal(undefined)
    expect(docLineOf('A', '/** Of a. */\nconst a = 1 /* x */\nclass A {}')).to.equal(undefined)
  })

  it('knows names with a dollar sign', () => {
    expect(docLineOf('$A', '/** Does it. */ class $A {}')).to.equal('Does it.')
  })
})
