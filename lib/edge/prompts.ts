/**
 * What a question wants, told by its words in the languages in which PAM, bastions and sudo ask: the password of the
 * account, or a code that only a person has at hand, though it may call that a password: `One-time password`.
 */

/** A text in which a word is one word however it is typed: without accents, capital letters and full-width letters. */
const folded = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

/**
 * One of the words in a list, between ` | ` and line ends. Each is the source of a regular expression and counts inside of others
 * too: `code` also in `Bestätigungscode`.
 */
const oneOf = (list: string): RegExp =>
  new RegExp(
    folded(list)
      .split(/\n| \| /)
      .map((word) => word.trim())
      .filter(Boolean)
      .join('|'),
    'g',
  )

/** Words for a password that hold one for a code. */
const deceptive = 'adgangskode | kodeord | κωδικός πρόσβασης | รหัสผ่าน | رمز (ال)?عبور | 密码 | 密碼'
const deceptiveWords = oneOf(deceptive)

const passwordWords = oneOf(`
  ${deceptive}
  passwor[dt] | passwd | passphrase | kennwort | wachtwoord | wagwoord | lösenord | passord | lykilorð
  mot de passe | contraseña | contrasenya | contrasinal | senha | palavra[- ]passe | parol[ae] | pasahitza
  hasło | heslo | geslo | jelszó | lozinka | zaporka | slaptažod | salasana | salasõna | parool | şifre
  парол | лозинка | συνθηματικ | mật khẩu | kata sandi | kata laluan | كلمة (ال)?(مرور|سر) | گذرواژه | סיסמ
  口令 | パスワード | 비밀번호 | 암호 | 패스워드
`)

/** Plain words for a code, wherever they stand. */
const plain = `
  \\b[ht]?otp\\b | one[- ]?time | passcode | authenticator | \\b[2m]fa\\b | securid | yubikey | \\d[- ]?digit
  (second|2nd|two|2|multi)[- ]?factor | (two|2)[- ]step
  (verification|confirmation|authentication|security|access|sms|token|duo) code
  einmal(ig|[- ]?(pass|kenn|code)) | (bestätigungs|sicherheits|verifizierungs|prüf)code | zweite[rn]? faktor
  usage unique | code de (vérification|sécurité|validation|confirmation)
  un solo uso | uso único | único uso | código de (verifica|seguridad|confirma|segurança)
  codice di (verifica|sicurezza|conferma) | eenmalig | verificatiecode | jednorázov | jednorazow
  engangs | engångs | kertakäyttö | tek kullan[iı]ml[iı]k | одноразов | код (подтвержд|провер) | mã xác
  [验驗][证證][码碼] | [验驗][证證]器 | 校[验驗][码碼] | 安全[码碼] | [动動][态態]([密码碼]|口令) | 令牌 | 一次性
  [双雙]因 | 二次[验认驗認] | [两兩二]步[验驗] | 短信 | 簡訊
  ワンタイム | (認証|確認)(コード|番号) | 二段階 | 二要素 | 인증 ?(번호|코드) | 일회용
`
const plainWords = oneOf(plain)

/** In a question itself less is enough. */
const codeWords = oneOf(`
  ${plain}
  code | kod | código | codice | \\bcod\\b | код | קוד | رمز | รหัส | コード | 코드 | [码碼]
  otp | verif | token | токен | \\bjeton | トークン | 토큰 | yubi | \\bduo\\b
  \\b(pin|response|challenge)\\b | \\bsms | \\b[imp]?tan\\b | \\bmobil | 手[机機]
  fa[ck]tor(?!y) | facteur | fattore | фактор | \\b(second|2nd)\\b | 第二 | 二[次级級]
  d[iy]nami[ckqs] | динамич | [动動][态態的] | [随隨][机機] | [临臨][时時] | temporar
  \\bdigits?\\b | ziffer | chiffres | цифр | [数數]字 | \\d ?位 | 矩[阵陣]
`)

/** What wants a code where it does not say that it wants a password: `谷歌验证:`, and not `统一身份认证密码:`. */
const vagueWords = oneOf('[验驗][证證] | [认認][证證証]')

const has = (words: RegExp, text: string): boolean => text.search(words) >= 0

/** What a question wants as far as its words tell; null where they don't. Whose password it is (`root@token-01's`) is no word of it. */
export function wantedBy(question: string): 'password' | 'code' | null {
  const text = folded(question).replace(/[\w.+-]+@[\w.-]+|[\w.-]+['\u2019]s\b/g, ' ')
  if (has(codeWords, text.replace(deceptiveWords, ' '))) return 'code'
  if (has(passwordWords, text)) return 'password'
  return has(vagueWords, text) ? 'code' : null
}

/** Whether a text plainly speaks of a code, as what stands above a question may: a greeting has many words. */
export const aboutCode = (text: string): boolean => has(plainWords, folded(text))
