// The model that several processes share.
import { field, Model } from 'isock/data'

export class Counter extends Model {
  name = field.text({ unique: true })
  value = field.integer({ default: 0 })
}
