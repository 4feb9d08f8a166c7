// Which status a failed call is answered with where the program decides, and what is said where its decision is none.
import { expect } from 'chai'
import { ActionError } from 'isock'
import { NotFoundError } from 'isock/data'
import { silentLogger } from '../../../lib/core/base/log.ts'
import { ErrorAnswers } from '../../../lib/gateways/http/error-answer.ts'

class OutOfStock extends ActionError {}

describe('The status of a failed call over HTTP', () => {
  let logged: string[]

  const answers = (statusOf?: (error: { name: string }) => unknown) =>
    new ErrorAnswers(
      statusOf as never,
      {
        exposeErrors: true,
        log: {
          ...silentLogger,
          error: (fields: object, message: string) => {
            logged.push(`${message}: ${((fields as { error: Error }).error as Error).message}`)
          },
        },
      } as never,
    )

  beforeEach(() => {
    logged = []
  })

  for (const status of [400, 418, 599])
    it(`is the ${status} that statusOf gives`, () => {
      expect(answers(() => status).answer(new OutOfStock('none left')).status).to.equal(status)
      expect(logged).to.deep.equal([])
    })

  for (const status of [399, 600, 418.5, Number.NaN, '418', null])
    it(`is 500 where statusOf gives the ${typeof status} ${String(status)}, which is logged`, () => {
      expect(answers(() => status).answer(new OutOfStock('none left')).status).to.equal(500)
      expect(logged).to.deep.equal([`statusOf failed: statusOf returned ${String(status)}; expected 400 to 599`])
    })

  it('is 500 where statusOf throws, which is logged', () => {
    const failing = answers(() => {
      throw new Error('it is broken')
    })
    expect(failing.answer(new OutOfStock('none left')).status).to.equal(500)
    expect(logged).to.deep.equal(['statusOf failed: it is broken'])
  })

  it('is that of a store where statusOf does not decide or is broken', () => {
    const given = [() => undefined, () => 1, undefined].map((statusOf) => answers(statusOf))
    expect(given.map((each) => each.answer(new NotFoundError('there is no such row', 'Row')).status)).to.deep.equal([
      404, 404, 404,
    ])
    expect(logged).to.have.length(1)
  })
})
