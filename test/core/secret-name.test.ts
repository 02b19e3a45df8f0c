/** Names that say that their value is a secret. */
import { readFileSync } from 'node:fs'
import { isSecretName, mentionsSecret } from '../../lib/core/secret-name.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/secret-name')

const secret =
  `pass ansible_ssh_pass passwd password db_password dbPassword mypassword passphrase pw db_pwd secret token
  token_secret apiToken access_token authtoken secrets credentials aws_creds private_key api_key apikey apiKey accessKey
  access_key access_keys secret.key identity_key identity_value nacos_auth_identity_value
  nacos.core.auth.plugin.nacos.token.secret.key Basic-Auth-Password PASSWORD`.split(/\s+/)
const shown = `key keys node pass_count bypass compass monkey public_key ssh_public_key publicKey host_keys
  ansible_ssh_host_keys authorized_keys primary_key sort_key ansible_ssh_private_key_file key_file password_file token_ttl
  auth value enabled`.split(/\s+/)

test('they are told by their last words', () => {
  assert.equal([...secret, ...shown].filter(isSecretName), secret)
  assert.equal(
    secret.filter((name) => !mentionsSecret(`x=1 ${name}=2`)),
    [],
  )
})

test('every secret of the shipped schemas is one by its name', () => {
  const names = new Set<string>()
  const visit = (json: unknown): void => {
    if (typeof json !== 'object' || json === null) return
    for (const [name, inner] of Object.entries(json)) {
      if (/^a secret: /.test((inner as { readonly description?: string } | null)?.description ?? '')) names.add(name)
      visit(inner)
    }
  }
  visit(JSON.parse(readFileSync(new URL('../../docs/schema/variables.json', import.meta.url), 'utf8')))
  assert.ok(names.has('identity_value') && names.size > 5)
  assert.equal(
    [...names].filter((name) => !isSecretName(name)),
    [],
  )
})

test.run()
