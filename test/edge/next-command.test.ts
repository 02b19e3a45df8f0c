/** The command to go on with: what was typed, without --check and without a secret. */
import { commandLine } from '../../lib/edge/next-command.ts'
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
  ['-enode=nacos2', '-enode=nacos2'],
  ['-e db_password=S3cret', "-e 'db_password=***'"],
  ['-e=db_password=S3cret', "'-e=db_password=***'"],
  ['--extra-vars=db_pwd=S3cret', "'--extra-vars=db_pwd=***'"],
  ['--extra-vars token=S3cret', "--extra-vars 'token=***'"],
  ['-De nacos_db_password=S3cret', "-De 'nacos_db_password=***'"],
  ['-Cve password=S3cret', "-ve 'password=***'"],
  ['-CDepassword=S3cret', "'-Depassword=***'"],
  ['-Je db_password=S3cret', "-Je 'db_password=***'"],
  ['-JC -i prod', '-J -i prod'],
  ['-e {"nacos":{"db":"S3cret"}}', "-e '***'"],
  ['-e ansible_ssh_private_key_file=k', '-e ansible_ssh_private_key_file=k'],
  ['-e nacos_auth_identity_value=S3cret', "-e 'nacos_auth_identity_value=***'"],
  ['-e @secret/vars.yaml', '-e @secret/vars.yaml'],
  ['-C -i prod -- puppet agent --check -C', '-i prod -- puppet agent --check -C'],
]

for (const [typed, shown] of cases) {
  test(typed, () => {
    const line = commandLine('playbooks/site.ts', typed.split(' '))
    assert.is(line, `npx tsx playbooks/site.ts ${shown}`)
    assert.not.ok(line.includes('S3cret'))
  })
}

test.run()
