// Whom a message is for: how `to` and `except` are read, and for which sessions a message is.
import { expect } from 'chai'
import { ServerError } from '../../lib/core/base/errors.ts'
import { type Audience, audienceOf, isFor } from '../../lib/features/channels/audience.ts'

const isSession = (id: string): boolean => id === 'cat' || id === 'dog'
const read = (given: Parameters<typeof audienceOf>[0]) => audienceOf(given, 'channel "News"', isSession)
const ids = (...names: string[]): ReadonlySet<string> => new Set(names)

describe('The audience of a message', () => {
  it('is everybody where nobody is named', () => {
    expect(read({})).to.equal(undefined)
  })

  it('is one session, or several', () => {
    expect(read({ to: 'cat' })).to.deep.equal({ to: ids('cat'), except: ids() })
    expect(read({ to: ['cat', 'dog'] })).to.deep.equal({ to: ids('cat', 'dog'), except: ids() })
    expect(read({ to: [] })).to.deep.equal({ to: ids(), except: ids() })
  })

  it('is all but some, of whom some may have left', () => {
    expect(read({ except: 'cat' })).to.deep.equal({ to: undefined, except: ids('cat') })
    expect(read({ except: ['cat', 'bird'] })).to.deep.equal({ to: undefined, except: ids('cat', 'bird') })
    expect(read({ to: 'dog', except: 'cat' })).to.deep.equal({ to: ids('dog'), except: ids('cat') })
  })

  it('is refused where it names a session that there is not', () => {
    for (const to of ['bird', ['cat', 'bird']])
      expect(() => read({ to }))
        .to.throw(ServerError, 'publish to channel "News": unknown session "bird"')
        .with.property('code', 'UNKNOWN_SESSION')
  })
})

describe('A message', () => {
  const cases: readonly (readonly [
    what: string,
    audience: Audience | undefined,
    session: string,
    former: string | undefined,
    isForIt: boolean,
  ])[] = [
    ['for all is for each session', undefined, 'cat', undefined, true],
    ['for some is for each of them', { to: ids('cat', 'dog'), except: undefined }, 'cat', undefined, true],
    ['for some is for nobody else', { to: ids('cat'), except: undefined }, 'dog', undefined, false],
    ['for some is not for one that was among them before', { to: ids('cat'), except: undefined }, 'dog', 'cat', false],
    ['for all but some is for the others', { to: undefined, except: ids('cat') }, 'dog', undefined, true],
    ['for all but some is for others that came back', { to: undefined, except: ids('cat') }, 'dog', 'bird', true],
    ['for all but some is not for those', { to: undefined, except: ids('cat') }, 'cat', undefined, false],
    [
      'for all but some is not for one that was one of those before',
      { to: undefined, except: ids('cat') },
      'dog',
      'cat',
      false,
    ],
    ['for some but one is not for that one', { to: ids('cat'), except: ids('cat') }, 'cat', undefined, false],
    ['for some but others is for them', { to: ids('cat'), except: ids('dog') }, 'cat', undefined, true],
  ]
  for (const [what, audience, session, former, isForIt] of cases)
    it(what, () => {
      expect(isFor(audience, session, former)).to.equal(isForIt)
    })
})
