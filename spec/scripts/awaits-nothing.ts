// A script that starts a call and comes to its end before the call does.
import { Client } from 'isock'

const client = new Client(process.argv[2] as string)
client.runAction('Slow', 'late').then((value) => console.log(value))
console.log('end of the script')
