/**
 * Runs a command on hosts, on many at once, and shows what they say.
 *
 * @param [deadline=5m] after how long it is ended on a host
 * @param ...command read by the host's /bin/sh, words joined by blanks
 */
import { commandErrand, duration, each, optional, params } from 'plinth'

// A timer holds no more.
const seconds = duration({ min: 1, max: 24 * 86_400 })

await each((fleet, { words }) => {
  const { deadline } = fleet.parameters(params({ deadline: optional(seconds, 300) }))
  return commandErrand(words(), fleet.all(), deadline)
})
