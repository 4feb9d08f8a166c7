// A model of large rows, for the specs of files.
import { field, Model } from 'isock/data'

export class Paper extends Model {
  title = field.text({ unique: true })
  content = field.text()
}
