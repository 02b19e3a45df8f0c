/** Names that say that their value is a secret. */
import { readFileSync } from 'node:fs'
import { isSecret, isSecretName, mentionsSecret } from '../../lib/core/secret-name.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/secret-name')

const secret =
  `pass ansible_ssh_pass passwd password db_password dbPassword mypassword passphrase pw db_pwd secret token
  token_secret apiToken access_token authtoken secrets credentials aws_creds private_key api_key apikey apiKey accessKey
  access_key access_keys secret.key identity_key identity_value nacos_auth_identity_value
  nacos.core.auth.plugin.nacos.token.secret.key Basic-Auth-Password PASSWORD nacos.core.auth.plugin.nacos.token.secret.key
  nacos.core.auth.default.token.secret.key nacos.core.auth.server.identity.value nacos.core.auth.server.identity.key
  nacos.core.auth.ldap.password my.plugin.token my.plugin.api-key db.password.0 db_password_0 password2
  bindDnPassword1 my.credentials[0] token-10 api_key_2`.split(/\s+/)
const shown = `key keys node pass_count bypass compass monkey public_key ssh_public_key publicKey host_keys
  ansible_ssh_host_keys authorized_keys primary_key sort_key ansible_ssh_private_key_file key_file password_file token_ttl
  auth value enabled password_policy passwordless secret_version secret_version_2 token_ttl_1 public_key_1 key1 pass_1st
  db.user.0 db.url.0 oauth2 nacos.core.auth.plugin.nacos.token.expire.seconds server.ssl.key-alias
  nacos.core.auth.caching.enabled`.split(/\s+/)

test('they are told by their last words', () => {
  assert.equal([...secret, ...shown].filter(isSecretName), secret)
  assert.equal(
    secret.filter((name) => !mentionsSecret(`x=1 ${name}=2`)),
    [],
  )
})

const urls: readonly (readonly [url: string, is: boolean])[] = [
  ['jdbc:mysql://(host=10.0.0.9,port=3306,user=u,password=hunter2)/nacos', true],
  ['jdbc:mysql://address=(host=10.0.0.9)(user=u)(password=hunter2)/nacos', true],
  ['jdbc:p6spy:mysql://10.0.0.9/nacos?user=u&password=hunter2', true],
  ['jdbc:mysql+srv://h/nacos?user=u&password=hunter2', true],
  ['jdbc:sqlserver://h:1433;user=u;password=hunter2', true],
  ['jdbc:mysql://h/nacos?user=u&password1=hunter2', true],
  ['jdbc:mysql://u:hunter2@10.0.0.9/nacos', true],
  ['jdbc:mysql://u:hunt/er2@10.0.0.9/nacos', true],
  ['jdbc:mysql://u:hunt?er2@10.0.0.9/nacos', true],
  ['http://a:8848,http://u:hunter2@b:8848', true],
  ['jdbc:mysql://(host=10.0.0.9,port=3306)/nacos?useSSL=false', false],
  ['file:///opt/nacos/conf/', false],
  ['(password=no URL)', false],
]
for (const [url, is] of urls)
  test(`${url} ${is ? 'holds a secret' : 'does not'}`, () => assert.is(isSecret('x', url), is))

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
