// A session of the npm package nrepl-client: node session.js PORT. Prints a line of JSON for each request: its values, output and errors.
const client = require('nrepl-client').connect({port: Number(process.argv[2])});

const codes = [
  "(require '[parallel.api :as parallel])",
  '(def w (parallel/fork))',
  "@(parallel/exec w '(+ 40 2))",
  '(parallel/in w)',
  '(ns there)',
  '[::k `foo (pos? (parallel/id))]',
  '(println "said there")',
  '(/ 1 0)',
  '(parallel/out)',
  '(parallel/id)',
  '(parallel/kill w)'
];

const end = status => { client.end(); process.exitCode = status; };
client.on('error', error => { console.error(String(error)); process.exit(1); });

client.once('connect', () => client.clone((error, messages) => {
  const session = messages[0]['new-session'];
  const next = () => {
    const code = codes.shift();
    if (code === undefined) { client.close(session, () => end(0)); return; }
    const gathered = {code, values: [], out: '', err: '', ns: null};
    // the client calls back at the first status; an evaluation is over at "done"
    const id = String(codes.length);
    const gather = (of, messages) => {
      if (of !== id) return;
      let done = false;
      for (const m of messages) {
        if (m.value !== undefined) gathered.values.push(m.value);
        gathered.out += m.out || '';
        gathered.err += m.err || '';
        if (m.ns) gathered.ns = m.ns;
        done = done || (m.status || []).includes('done');
      }
      if (done) {
        client.messageStream.removeListener('messageSequence', gather);
        console.log(JSON.stringify(gathered));
        next();
      }
    };
    client.messageStream.on('messageSequence', gather);
    client.send({op: 'eval', code, session, id});
  };
  next();
}));
