/**
 * The lock of a server: GET_LOCK, which belongs to the session that took it. A server that hears nothing of a client whose
 * network is gone keeps its session for `wait_timeout`, eight hours unless told, so the holder's is told: who holds the lock
 * says something now and then, and who has been silent for too long has lost it, with the session that it writes through.
 */
import { sha256 } from '../core/secret.ts'

/** In seconds. */
export interface LockTimes {
  /** Between two words of a holder. */
  readonly beat: number
  /** Of silence, after which a holder's session ends. */
  readonly silence: number
  /** That a question may take before the server is given up. */
  readonly answer: number
}

/**
 * A holder says something as often as a machine that is locked; it is given up after about the time in which a machine gives
 * up a connection into the void (`tcp_retries2`), so that a controller that was stopped for a while does not lose one lock
 * long before the other.
 */
export const lockTimes: LockTimes = { beat: 20, silence: 900, answer: 300 }

/**
 * The silence of a session that writes while another one holds the lock: it has to end before that one does, or a
 * controller that wakes up would write on without a lock.
 */
export const writerSilence = lockTimes.silence - 3 * lockTimes.beat

/**
 * Seconds that a statement waits for a table that others use: by itself MySQL waits for a year. An ALTER that waits keeps
 * everybody who comes after it away from the table, so it had better fail and be repeated.
 */
export const tableWait = 60

/** One name for the whole server: who comes another way knows the server by another address. */
export const lockName = 'plinth'

/** The name of a lock beside it that one session of a run holds: who has both is that run, whatever the server tells of sessions. */
export const ownLock = (holder: string): string => `plinth run ${sha256(holder).slice(0, 40)}`

/**
 * Takes the lock, or says at once which connection holds it: `got`, `holder`, and `own`, the connection that holds the run's own.
 * Its `?` are the run's own, the lock twice, and the run's own. That comes first: before MySQL 5.7 a session keeps only the
 * last, and of two sessions of a run only the one that has it may be about to take the other.
 */
export const takeLock =
  'SELECT IF(GET_LOCK(?, 0), GET_LOCK(?, 0), 0) AS got, IS_USED_LOCK(?) AS holder, IS_USED_LOCK(?) AS own'

/** Lives as long as the session. */
const holderVariable = 'plinth_holder'

/** What a holder tells of itself (its `?`), for how long it may say nothing, and how long what it does may wait for a table. */
export const noteHolder = ({ silence }: LockTimes): string =>
  `SET @${holderVariable} = CONCAT(?, DATE_FORMAT(UTC_TIMESTAMP(), ', since %Y-%m-%dT%TZ')), SESSION wait_timeout = ${silence}, SESSION lock_wait_timeout = ${tableWait}`

/** A word that does nothing. */
export const nothing = 'DO 0'

/** `holder`: what the session of a connection (its `?`) has told of itself. Not every server keeps it, nor shows it to everybody. */
export const namedHolder = `SELECT VARIABLE_VALUE AS holder FROM performance_schema.user_variables_by_thread
JOIN performance_schema.threads USING (THREAD_ID) WHERE PROCESSLIST_ID = ? AND VARIABLE_NAME = '${holderVariable}'`

/** `user`, `host`, `seconds`: who is logged in with a connection (its `?`), and for how long it has been as it is. */
export const listedHolder =
  'SELECT USER AS user, HOST AS host, TIME AS seconds FROM information_schema.PROCESSLIST WHERE ID = ?'
