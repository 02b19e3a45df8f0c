/** How many files and processes a user may have open in logins and cron jobs. (Units of systemd have limits of their own.) */
import { role } from '../lib/core/role.ts'
import { integer, optional, params, text } from '../lib/core/schema.ts'
import { file } from '../lib/resources/file.ts'

export const limitsParams = params({
  user: text({ like: /[a-z_][a-z0-9_-]{0,30}/, expected: 'a user name' }),
  open_files: optional(integer({ min: 1024, max: 1_048_576 }), 65_535),
  processes: optional(integer({ min: 64, max: 4_194_304 }), 8192),
})

export const limits = role({
  params: limitsParams,
  resources: ({ user, open_files, processes }) => [
    file(`/etc/security/limits.d/50-${user}.conf`, {
      content: `${user} - nofile ${open_files}\n${user} - nproc ${processes}\n`,
    }),
  ],
})
