// Checks the socket paths that peers send, before anything is opened there.
import { lstatSync, type Stats } from 'node:fs'
import { isAbsolute } from 'node:path'
import { BadEvent } from './daemon-event.ts'

/** sun_path of Linux, without its final zero. */
const maxPathBytes = 107

/** Checks the form of a path without touching the disk. @throws BadEvent */
export function checkPathForm(path: string): string {
  if (path.length > maxPathBytes || Buffer.byteLength(path) > maxPathBytes)
    throw new BadEvent(`path: expected at most ${maxPathBytes} bytes, got ${path.length} characters`)
  if (path.includes('\0')) throw new BadEvent('path: expected no null character')
  if (!isAbsolute(path)) throw new BadEvent(`path: expected an absolute path, got ${JSON.stringify(path)}`)
  return path
}

/**
 * The file at the path; undefined if there is none.
 *
 * @throws BadEvent for anything but a socket (a symbolic link is not one), another user's socket, or the socket `own`.
 */
export function checkPeerSocket(path: string, own: string): Stats | undefined {
  checkPathForm(path)
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status === undefined) return undefined
  if (!status.isSocket()) throw new BadEvent(`path: ${path} is not a socket`)
  if (process.getuid !== undefined && status.uid !== process.getuid())
    throw new BadEvent(`path: the socket ${path} belongs to another user`)
  const ours = lstatSync(own, { throwIfNoEntry: false })
  if (path === own || (ours !== undefined && ours.dev === status.dev && ours.ino === status.ino))
    throw new BadEvent(`path: ${path} is the socket that received this event`)
  return status
}
