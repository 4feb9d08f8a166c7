// Models, what is done with them, and where they are kept.
import { Action, type Context } from 'isock'
import { field, Model } from 'isock/data'

export class Page extends Model {
  text = field.text()
}

export const data = { url: `file:${process.env['SPEC_STORE']}` }

export class Write extends Action {
  override async action(text: string, { db }: Context) {
    await db.create(Page, { text })
    return db.count(Page)
  }
}
