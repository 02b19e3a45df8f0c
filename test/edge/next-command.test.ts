/** The command to go on with: what was typed, without --check and without a secret; and as reports keep it, without any value. */
import { commandLine } from '../../lib/edge/next-command.ts'
import { keptCommand } from '../../lib/report/kept-command.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/next-command')

const cases: readonly (readonly [typed: string, shown: string])[] = [
  ['-i prod', '-i prod'],
  ['-i prod --check', '-i prod'],
  ['-C -i prod', '-i prod'],
  ['-Ci prod', '-i prod'],
  ['-CDv -i prod', '-Dv -i prod'],
  ['-D -i C', '-D -i C'],
  ['-e node=nacos2', '-e node=nacos2'],
  ['-enode=nacos2', '-e node=nacos2'],
  ['-e db_password=S3cret', "-e 'db_password=***'"],
  ['-e=db_password=S3cret', "-e 'db_password=***'"],
  ['--extra-vars=db_pwd=S3cret', "-e 'db_pwd=***'"],
  ['--extra-vars token=S3cret', "-e 'token=***'"],
  ['-De nacos_db_password=S3cret', "-D -e 'nacos_db_password=***'"],
  ['-Cve password=S3cret', "-v -e 'password=***'"],
  ['-CDepassword=S3cret', "-D -e 'password=***'"],
  ['-Je db_password=S3cret', "-J -e 'db_password=***'"],
  ['-JC -i prod', '-J -i prod'],
  ['-e {"nacos":{"db":"S3cret"}}', "-e '***'"],
  ['-e ansible_ssh_private_key_file=k', '-e ansible_ssh_private_key_file=k'],
  ['-e nacos_auth_identity_value=S3cret', "-e 'nacos_auth_identity_value=***'"],
  ['-e dsn=mysql://u:S3cret@h/db', "-e 'dsn=***'"],
  ['-e dsn=mysql://u:a/S3cret@h/db', "-e 'dsn=***'"],
  ['-e url=https://S3cret@h/x.tgz', "-e 'url=***'"],
  ['-e url=jdbc:mysql://h/db?user=u&password=S3cret', "-e 'url=***'"],
  ["-e db='password=S3cret'", "-e 'db=***'"],
  ['-e url=https://h:8443/x.tgz', '-e url=https://h:8443/x.tgz'],
  ['-e repo=ssh://git@h/x', '-e repo=ssh://git@h/x'],
  ['-e file=/etc/secret/x', '-e file=/etc/secret/x'],
  ['-e @secret/vars.yaml', '-e @secret/vars.yaml'],
  ['-Ce@more.yaml', '-e @more.yaml'],
  ['-C -i prod -- puppet agent --check -C', '-i prod -- puppet agent --check -C'],
]

test('several values in one -e: each name is kept', () => {
  const line = commandLine('playbooks/site.ts', ['-e', 'a=1 dbpass=S3cret url=https://S3cret@h/x'])
  assert.is(line, "npx tsx playbooks/site.ts -e 'a=1 dbpass=*** url=***'")
})

for (const [typed, shown] of cases) {
  test(typed, () => {
    const line = commandLine('playbooks/site.ts', typed.split(' '))
    assert.is(line, `npx tsx playbooks/site.ts ${shown}`)
    assert.not.ok(line.includes('S3cret'))
  })
}

const kept: readonly (readonly [typed: readonly string[], kept: string])[] = [
  [['-i', 'prod', '-e', 'licence=S3cret'], "-i prod -e 'licence=…'"],
  [['-elicence=S3cret'], "-e 'licence=…'"],
  [['-De=licence=S3cret'], "-D -e 'licence=…'"],
  [['--extra-vars=url=mysql://u:S3cret@h/db'], "-e 'url=…'"],
  [['-e', `a="x S3cret" b.c='S3cret y' d=1`], "-e 'a=… b.c=… d=…'"],
  [['-e', '{"a": "S3cret"}'], "-e '…'"],
  [['-e', '["S3cret"]'], "-e '…'"],
  // What readExtraVars makes of them: one variable, one with a quote in its value, and none.
  [['-e', '"note=correct S3cret=battery"'], "-e 'note=…'"],
  [['-e', `note='say "x=S3cret y=1"' b=1`], "-e 'note=… b=…'"],
  [['-e', "it's=S3cret"], "-e '…'"],
  [['-le', '-i', 'prod'], '-le -i prod'],
  [['-e', '@secret/vars.yaml', '-l', 'a=b'], '-e @secret/vars.yaml -l a=b'],
  [['-l', "it's", '--', '-e', 'a=b'], "-l 'it'\\''s' -- -e a=b"],
]
for (const [typed, shown] of kept) {
  test(`kept: ${typed.join(' ')}`, () => {
    const line = keptCommand(commandLine('playbooks/site.ts', typed))
    assert.is(line, `npx tsx playbooks/site.ts ${shown}`)
    assert.not.ok(line.includes('S3cret'))
  })
}

test.run()
