/** What the page looks like: light and dark, on a telephone and on paper. No font, picture or script comes from anywhere. */
export const style = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--good:#116329;--change:#7d4e00;--bad:#b3161f;--faint:#57606a;--bar:#2f6fb3;--wait:#d9a300;--badbar:#cf222e;--link:#0550ae}
@media (prefers-color-scheme:dark){:root{--bg:#0f1318;--fg:#e6e9ed;--soft:#a0a9b4;--line:#343b44;--card:#181d24;--good:#5ccf77;--change:#e3b341;--bad:#ff8a80;--faint:#a0a9b4;--bar:#5b9be0;--wait:#a57c00;--badbar:#ff6b61;--link:#7ab7ff}}
*{box-sizing:border-box}
body{overflow-wrap:anywhere;margin:0 auto;max-width:72rem;padding:1rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif}
h1{font-size:1.35rem;line-height:1.3;margin:.2rem 0}h2{font-size:1.1rem;margin:2rem 0 .5rem;padding-bottom:.2rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:.2rem 0 .4rem}
p{margin:.4rem 0}a{color:var(--link)}
code,pre,.id{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono","WenQuanYi Micro Hei Mono",monospace;font-size:.87em}
pre{margin:.2rem 0;padding:.5rem .7rem;background:var(--card);border:1px solid var(--line);border-radius:4px;white-space:pre-wrap;max-height:24rem;overflow:auto}
nav a{display:inline-block;padding:.3rem .6rem .3rem 0}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.soft{color:var(--soft)}.good{color:var(--good)}.change{color:var(--change)}.bad{color:var(--bad)}.faint{color:var(--faint)}
.banner{border-left:.4rem solid;padding:.2rem 0 .2rem .8rem;margin:.5rem 0}
table{border-collapse:collapse;max-width:100%}th,td{text-align:left;vertical-align:top;padding:.2rem 1.6rem .2rem 0;border-bottom:1px solid var(--line)}th{color:var(--soft);font-weight:600;overflow-wrap:normal}th[scope=row]{color:var(--fg);font-weight:400}.n{text-align:right}td.n,.state{white-space:nowrap}.text{white-space:pre-wrap}
.scroll{overflow-x:auto}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem .8rem;margin:.3rem 0}dt{color:var(--soft)}dd{margin:0}
.failure,.plan,.cluster{border:1px solid var(--line);border-radius:4px;padding:.4rem .8rem;margin:.5rem 0}.failure{border-left:.4rem solid var(--badbar)}
summary{cursor:pointer;padding:.15rem 0}details details{margin-left:1.1rem}details>ul,details>p,details>div{margin-left:1.1rem}
ul{margin:.2rem 0;padding-left:1.1rem}
.hosts{list-style:none;display:flex;flex-wrap:wrap;gap:.35rem;padding:0}.hosts li{border:1px solid;border-radius:4px;padding:.05rem .5rem;background:var(--bg)}.cluster{background:var(--card)}
.members{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(16rem,100%),1fr));gap:.5rem;padding:0}.members li{border:1px solid var(--line);border-top:.25rem solid var(--good);border-radius:4px;padding:.3rem .7rem;background:var(--bg);break-inside:avoid}.members li.down{border-top-color:var(--badbar)}.members p{margin:.1rem 0}.members dl{grid-template-columns:3.2rem minmax(0,1fr);gap:0 .5rem}.members dd{grid-column:2;margin:0}
.lane{display:grid;grid-template-columns:minmax(4.5rem,11rem) minmax(0,1fr) 5.2rem;gap:.6rem;align-items:center;font-size:.87rem}
.lane .who{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.lane .end{text-align:right;color:var(--soft);white-space:nowrap}.lane svg{width:100%;height:14px;display:block}.gate .who{font-style:italic}.failed .who{color:var(--bad)}
.axis text{fill:var(--soft);font-size:11px}.grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke;fill:none}
.ok,.wait,.bad{fill:none}path.ok{stroke:var(--bar);stroke-width:9}path.bad{stroke:var(--badbar);stroke-width:12}path.wait{stroke:var(--wait);stroke-width:4}
.key{font-size:.87rem;color:var(--soft)}.key span{margin-right:1rem;white-space:nowrap}.k{width:20px;height:12px;vertical-align:middle}
@media (max-width:36rem){body{padding:.6rem;font-size:14px}.lane{grid-template-columns:5rem minmax(0,1fr) 3.6rem;gap:.3rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.3rem}th,td{padding-right:.5rem;font-size:.95em}}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#444;--line:#bbb;--card:#fff;--good:#116329;--change:#7d4e00;--bad:#b3161f;--faint:#444;--bar:#2f6fb3;--wait:#d9a300;--badbar:#cf222e;--link:#000}body{max-width:none;padding:0;font-size:10pt}nav{display:none}pre{max-height:none}.failure,tr,.lane{break-inside:avoid}details::details-content{content-visibility:visible;block-size:auto}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`
