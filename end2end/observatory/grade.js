// Grades one page as MDN Observatory does, and prints the grade and what was found. It is a program of its own because
// the certificate of the server is named to Node.js at its start. The package's own `scan` knows neither ports nor paths.
//   node grade.js PAGE HTTPS_PORT HTTP_PORT COOKIE
import { resolve } from 'node:path';

const SOURCE = resolve(import.meta.dirname, '../../target/tools/observatory/node_modules/@mdn/mdn-http-observatory/src');
const { retrieve } = await import(`${SOURCE}/retriever/retriever.js`);
const { ALL_TESTS } = await import(`${SOURCE}/constants.js`);
const { getGradeForScore, getScoreModifier } = await import(`${SOURCE}/grader/grader.js`);
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await import(`${SOURCE}/grader/charts.js`);

const [path, httpsPort, httpPort, cookie] = process.argv.slice(2);
const headers = ['Accept: text/html,*/*;q=0.8', ...(cookie ? [`Cookie: ${cookie}`] : [])];
const retrieved = await retrieve('localhost', { httpsPort, httpPort, path, headers });
const results = ALL_TESTS.map((test) => test(retrieved));
const modifiers = results.map(({ result }) => getScoreModifier(result));
const sum = (numbers) => numbers.reduce((total, number) => total + number, 100);
const uncurved = sum(modifiers.filter((modifier) => modifier < 0));
const { grade, score } = getGradeForScore(uncurved >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? sum(modifiers) : uncurved);
const findings = results.filter((_, at) => modifiers[at] < 0 || !results[at].pass).map(({ result }) => result);
console.log(JSON.stringify({ status: retrieved.responses.auto?.status, grade, score, findings }));
