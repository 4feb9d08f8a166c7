import { createServer, connect } from 'node:net'
import { writeHeapSnapshot } from 'node:v8'
import { readFileSync } from 'node:fs'
import { Server } from '../lib/index.ts'
import { fork } from 'node:child_process'
const mode = process.argv[2]
const n = 2000
let port: number
let keep: unknown[] = []
if (mode === 'bare') {
  const s = createServer({noDelay:true}, (x) => { keep.push(x); x.on('data', () => x.write('x')); x.on('error',()=>{}) ; x.on('close',()=>{}); x.on('end',()=>{}); x.on('drain',()=>{})})
  await new Promise<void>(r => s.listen(0, '127.0.0.1', r)); port = (s.address() as any).port
} else {
  const s = new Server({ port: 0 }); await s.listen(); port = Number(new URL(s.addresses[0]!).port)
}
const { Child } = await import('./child.ts')
const mem = async () => { for (let i=0;i<4;i++){ (globalThis as any).gc(); await new Promise(r=>setTimeout(r,100)) } const m = process.memoryUsage(); return m }
if (mode === 'bare') {
  const a = await mem()
  const c = fork('/tmp/bare-client.cjs', [String(port), String(n)])
  await new Promise(r => c.once('message', r))
  const b = await mem(); console.log('bare heap/link', (b.heapUsed-a.heapUsed)/n, 'rss', (b.rss-a.rss)/n); c.kill(); process.exit()
}
const links = Child.start('links.ts', () => {})
await links.ask({do:'open', port, count: 200})
function agg() { const f = writeHeapSnapshot('/tmp/x.heapsnapshot')
const snap = JSON.parse(readFileSync(f,'utf8')); const { node_fields: nf, node_types, edge_fields: ef, edge_types } = snap.snapshot.meta
const ti=nf.indexOf('type'), ni=nf.indexOf('name'), si=nf.indexOf('self_size'), ec=nf.indexOf('edge_count'), L=nf.length
const agg = new Map<string,[number,number]>()
const nameOf=(i:number)=>{ const t=node_types[0][snap.nodes[i+ti]]; return t+':'+ (t.includes('string')?'':snap.strings[snap.nodes[i+ni]]).slice(0,60)}
let e=0
const owner=new Map<number,string>()
for (let i=0;i<snap.nodes.length;i+=L){ for(let j=0;j<snap.nodes[i+ec];j++,e+=3){ const to=snap.edges[e+2]; const et=edge_types[0][snap.edges[e]]; const nm=(et==='element'||et==='hidden')?'#':snap.strings[snap.edges[e+1]]; if(!owner.has(to)||et==='internal'||et==='property'||et==='context') owner.set(to, nameOf(i)+'.'+nm) } }
for (let i=0;i<snap.nodes.length;i+=L){ let k=nameOf(i); if(/^array|^closure|Context|^object:Object|^object:Array$/.test(k)) k+=' <- '+(owner.get(i)??''); const e=agg.get(k)??[0,0]; e[0]++; e[1]+=snap.nodes[i+si]; agg.set(k,e)}
return agg }
const A1=agg()
const a = await mem()
await links.ask({do:'open', port, count: 200+n})
const b = await mem()
console.log('heap/link', (b.heapUsed-a.heapUsed)/n, 'rss', (b.rss-a.rss)/n)
const A2=agg()
const rows=[...A2].map(([k,[c,z]])=>{const o=A1.get(k)??[0,0];return [k,(c-o[0])/n,(z-o[1])/n] as const}).filter(r=>r[2]>20).sort((x,y)=>y[2]-x[2])
for (const [k,c,z] of rows.slice(0,70)) console.log(z.toFixed(0).padStart(6), c.toFixed(2).padStart(7), k)
await links.end(); process.exit()
