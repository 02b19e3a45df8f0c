/** What a question of sshd, sudo or su wants: the password, a code, or who knows. */
import { asksPassword, wantsNewPassword } from '../../lib/edge/dialogue.ts'
import { aboutCode, wantedBy } from '../../lib/edge/prompts.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/dialogue')

/** Between `|` and line ends. */
const listed = (text: string): readonly string[] => text.trim().split(/\n *|\|/)

const passwords = listed(`
  Password: |PASSWORD:|root@code-1's password: |Password for ops@token-01.otp.example: |LDAP Password: |UNIX password:
  [sudo] password for ops: |Enter passphrase: |Passwort: |Kennwort für ops: |Mot de passe : |Contraseña: |CONTRASEÑA:
  contrasena:|Contrasenya: |Senha: |Palavra-passe: |Wachtwoord: |Hasło: |Heslo: |Geslo: |Jelszó: |Lozinka: |Lösenord:
  Passord: |Adgangskode: |Kodeord: |Salasana: |Parola: |Şifre: |Slaptažodis: |Пароль: |Парола: |Лозинка: |Συνθηματικό:
  Κωδικός πρόσβασης: |Mật khẩu: |Kata sandi: |รหัสผ่าน: |كلمة المرور: |رمز عبور: |סיסמה:
  密码：|密碼：|请输入密码:|统一身份认证密码:|口令：|用户口令:|パスワード: |ﾊﾟｽﾜｰﾄﾞ: |비밀번호: |암호: |Ｐａｓｓｗｏｒｄ：
`)

const codes = listed(`
  Verification code: |Code: |PASSCODE:|Passcode or option (1-3): |OTP: |OTPCode:|SMSCODE:|otp-code|TOTP:
  One-time password (OATH) for \`ops': |One time password:|Dynamic password: |Mobile password:|Token password:|Tokencode:
  Password + OTP: |Enter 6 digits: |2nd factor: |Second Factor: |Second password: |Enter your SecurID:|Yubikey for \`ops':
  PIN:|MFA码:|mfa: |Response: |Challenge: |Temporary password: |Einmalpasswort: |Einmal-Kennwort: |Bestätigungscode:
  Sicherheitscode: |TAN: |Zweiter Faktor: |Mot de passe à usage unique: |Code à usage unique: |Contraseña de un solo uso:
  Código de verificación: |Codice di verifica: |Senha dinâmica: |Eenmalig wachtwoord: |Hasło jednorazowe: |Kod:
  Jednorázové heslo: |Engångslösenord: |Engangskode: |Tek kullanımlık şifre: |Одноразовый пароль: |Код: |Код подтверждения:
  Динамический пароль: |Mã xác minh: |קוד: |รหัสยืนยัน: |رمز التحقق:
  验证码：|驗證碼：|校验码：|安全码: |随机码：|授权码|请输入动态口令: |动态密码：|動態密碼|手机验证码: |请输入root@web1的验证码：
  手机密码：|谷歌验证器: |谷歌验证:|身份认证:|身份認證:|令牌:|双因素:|二次认证:|二次认证口令：|第二因素口令:|一次性密码：|请输入6位数字: |短信口令:
  请输入密码和验证码:|ワンタイムパスワード:|認証コード:|ﾜﾝﾀｲﾑ: |認証番号: |인증번호:|일회용 비밀번호:
`)

/** What neither names. */
const others = ['Enter the word of the day: ', 'Ключ:', 'Answer? ', '> ', '', 'Ready: ', 'Umfassend: ', 'Factory: ']

test('a password in many languages, and a code in as many, though it be called a password', () => {
  for (const [wanted, prompts] of [
    ['password', passwords],
    ['code', codes],
    [null, others],
  ] as const)
    for (const prompt of prompts) assert.is(wantedBy(prompt), wanted, prompt)
})

const asked = (prompt: string, keyed: boolean, instructions = '', name = ''): boolean =>
  asksPassword({ name, instructions, prompts: [{ prompt, echo: false }] }, keyed)

test('the password answers what asks for it, and before a key what nobody knows; never what asks for a code', () => {
  for (const prompt of passwords) assert.equal([asked(prompt, false), asked(prompt, true)], [true, true], prompt)
  for (const prompt of codes) assert.equal([asked(prompt, false), asked(prompt, true)], [false, false], prompt)
  for (const prompt of others) assert.equal([asked(prompt, false), asked(prompt, true)], [true, false], prompt)
  const [one, two] = [
    { prompt: 'Password: ', echo: false },
    { prompt: 'Password: ', echo: true },
  ]
  for (const prompts of [[], [one, one], [two]])
    assert.not(asksPassword({ name: '', instructions: '', prompts }, false), JSON.stringify(prompts))
})

test('the text above a question counts where the question says nothing, and only where it plainly speaks of a code', () => {
  for (const text of [
    'Activity on this host is verified and logged.',
    'Be kind, in response to others too. Pin this notice to the wall. See our code of conduct; tokens are sold in the factory.',
    'Geben Sie es noch einmal ein',
    '本系统的操作将被验证和记录，工号牌请佩戴',
  ])
    for (const prompt of ['Klucz: ', 'Heslo: ', 'Password: '])
      assert.ok(asked(prompt, false, text), `${text} ${prompt}`)
  for (const text of [
    'Enter the verification code of your app',
    'Enter your one-time password',
    'Enter a passcode or select one of the following options:',
    'otp-md5 99 wi01309',
    'Multi-factor authentication is needed: open your authenticator',
    'Enter the 6-digit code',
    'Bitte den Sicherheitscode eingeben',
    'Saisissez le code de vérification',
    '请输入短信验证码',
    '请输入动态口令',
    '認証コードを入力してください',
  ]) {
    assert.ok(aboutCode(text), text)
    assert.not(asked('> ', false, text), text)
    assert.not(asked('> ', false, '', text), text)
    assert.ok(asked('Password: ', false, text), `${text}: asked for plainly all the same`)
  }
})

/** Whether it is a new password that is wanted, by the question and what stands above it. */
const asksNew = (prompt: string, instructions = '', name = ''): boolean =>
  wantsNewPassword({ name, instructions, prompts: [{ prompt, echo: false }] })

test('a new password is wanted where the question itself says so, or PAM in its own words above it', () => {
  for (const prompt of listed(`
    New password: |Enter new UNIX password: |New SSSD password:|Retype new password: |Re-enter new password:|Re-enter password:
    Current password: |(current) UNIX password: |Old password:|Enter new LDAP passphrase or password: |Your new password, please:
    新密码：|新的密码：|新的 UNIX 密码：|输入新的 UNIX 密码：|重新输入新的密码：|请再次输入新密码：|(当前)UNIX 密码：|当前密码：|当前的密码：|原密码：|旧密码：
    新的密碼：|請輸入新密碼：|目前的密碼：|请设置新口令：
  `))
    assert.ok(asksNew(prompt), prompt)
  for (const said of [
    'You are required to change your password immediately (administrator enforced).',
    'You are required to change your password immediately (password expired).\nChanging password for ops.',
    'WARNING: Your password has expired.\nYou must change your password now and login again!',
    'Password expired. Change your password now.',
    '您需要立即更改密码(root 强制)',
    '您必须立即更改密码（密码过期）。',
    '您的密码已过期，请修改。',
    '您必須立即變更您的密碼',
  ])
    for (const [prompt, above] of [
      ['Password: ', said],
      [`${said}\nPassword: `, ''],
    ] as const)
      assert.ok(asksNew(prompt, above), JSON.stringify([above, prompt]))
})

test('no new password is wanted where a greeting, a name or a date has one of the words', () => {
  for (const prompt of passwords) assert.not(asksNew(prompt), prompt)
  for (const [above, prompt] of [
    ['当前用户: ops', '密码: '],
    ['', '请输入当前用户 ops 的密码：'],
    ['系统最新公告：今晚 22 点维护。', '请输入密码：'],
    ['', '系统最新公告：今晚 22 点维护\n请输入密码：'],
    ['', "ops@新乡机房-01's 密码："],
    ['', 'ops@新乡机房-01 的密码：'],
    ['欢迎使用新一代堡垒机', 'Password: '],
    ['更新时间 2024-05-01', '请输入登录密码:'],
    ['', '请输入最新密码：'],
    ['', '密码错误，请重新输入密码：'],
    ['新密码规则：至少 12 位，每 90 天必须更改密码。密码已过期的用户请联系管理员。', '密码：'],
    ['The password has expired on 3 other hosts of yours', 'Password:'],
    ['You are required to change your password every 90 days. A new password has 12 letters.', 'Password:'],
    ['Your password will expire in 5 days.', 'Password:'],
    ['', 'Renewed host. Repeat visits log your password: '],
    ['', 'Password of the current user: '],
  ] as const)
    assert.not(asksNew(prompt, above), JSON.stringify([above, prompt]))
})

test.run()
