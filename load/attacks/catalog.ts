// All attacks, by name.
import type { Attack } from './attack.ts'
import { callAttacks } from './call-attacks.ts'
import { httpAttacks } from './http-attacks.ts'
import { linkAttacks } from './link-attacks.ts'
import { sessionAttacks } from './session-attacks.ts'

export const attacks: readonly Attack[] = [...sessionAttacks, ...linkAttacks, ...callAttacks, ...httpAttacks]

export function attackNamed(name: string): Attack {
  const attack = attacks.find((candidate) => candidate.name === name)
  if (attack === undefined)
    throw new Error(`no such attack: ${name}; there are ${attacks.map((one) => one.name).join(', ')}`)
  return attack
}
