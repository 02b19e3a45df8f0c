/** What runs that change a machine leave to each other in the file of its lock. */

/** Root's: nobody else can write there. */
export const lockFile = '/run/plinth.lock'

/** What the file says when nobody has the lock, before the holder that was the last. */
export const ended = 'the last was '
