/** Who runs this: in a container that is run by a number (`-u 1234`) the system knows neither name nor home of its user. */
import { homedir, type UserInfo, userInfo } from 'node:os'
import { usageError } from '../core/error.ts'

export interface LocalUser {
  /** Null where nobody knows it. */
  readonly name: string | null
  readonly home: string
  readonly uid: number
}

/**
 * What the system's list of users says, which is what ssh goes by, whatever HOME says. For whom it does not have: `USER` or
 * `LOGNAME`, and `HOME`. Throws usageError where there is no home either.
 */
export function localUser(): LocalUser {
  const uid = process.geteuid?.() ?? -1
  const known = ofSystem(uid)
  if (known) return { name: known.username, home: known.homedir, uid }
  const home = answer(() => homedir())
  if (home === undefined) {
    const what = `not set, and the system has no user with the number ${uid}`
    throw usageError({ where: 'HOME', what, remedy: 'set it to a folder of this user' })
  }
  return { name: process.env.USER || process.env.LOGNAME || null, home, uid }
}

/** By number: the system reads its list each time, and it is asked several times for each host. */
const users = new Map<number, UserInfo<string>>()

function ofSystem(uid: number): UserInfo<string> | undefined {
  const user = users.get(uid) ?? answer(() => userInfo())
  if (user) users.set(uid, user)
  return user
}

/** A name for people to read, in locks and audit logs. */
export function localName(): string {
  const { name, uid } = localUser()
  return name ?? `uid ${uid}`
}

/** What the system says; undefined where it does not know. */
function answer<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error
    return undefined
  }
}
