// Models for the specs of `isock data`. Club is known only by way of its reference.
import { field, Model } from 'isock/data'

class Club extends Model {
  name = field.text({ unique: true })
}

export class Member extends Model {
  email = field.text({ unique: true })
  club = field.ref(() => Club, { optional: true })
}
