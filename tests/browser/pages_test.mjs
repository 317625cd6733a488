// SPDX-License-Identifier: Apache-2.0
// The pages in a browser, found by role and visible text as a reader would: the ranking, one person,
// what the score is made of; on a phone and a wide screen, by day and by night, without scripts, and
// held against axe's rules. Pictures of every page are left in $BELLWETHER_TMP when a test fails.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';

const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const program = process.env.BELLWETHER;
const folder = process.env.BELLWETHER_TMP;
const patience = 180_000;  // ms; a machine that compiles beside this is slow
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let server;
let opening;  // the address with the token, as it was printed
let origin;
let browser;

before(async () => {
  // What `./run` does without a path.
  server = spawn(program, ['start', '--home', path.join(folder, 'home'), '--listen', '127.0.0.1:0'],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  opening = await new Promise((resolve, reject) => {
    server.stdout.on('data', (bytes) => {
      printed += bytes;
      const found = printed.match(/http:\/\/[^\s"')]*token=[\w.~-]+/);
      if (found) resolve(found[0]);
    });
    server.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${printed}`)));
  });
  origin = new URL(opening).origin;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: quiet });
});

after(async () => {
  await browser?.close();
  if (server.exitCode !== null) return;
  server.removeAllListeners('exit');
  const ended = new Promise((resolve) => server.on('exit', (code, signal) => resolve(code ?? signal)));
  server.kill('SIGTERM');
  assert.equal(await ended, 0, 'a server that is asked to end does so in order');
});

// A reader: what they see, and that nothing went wrong or elsewhere meanwhile.
async function reader(options = {}, { operator = true } = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) troubles.push(`asked ${request.url()}`);
  });
  await page.goto(operator ? opening : origin + '/');
  return { context, page, troubles };
}

const rankingTable = (page) => page.getByRole('table', { name: /Settled people, by people moved/ });
const sumTable = (page) => page.getByRole('table', { name: /What the score of .* is made of/ });

// The points of every row but the last, and of the last, in hundredths, as they stand on the page.
async function pointsOnThePage(page) {
  const rows = await sumTable(page).getByRole('row').all();
  const texts = [];
  for (const row of rows.slice(1)) {
    const cells = await row.getByRole('cell').allInnerTexts();
    texts.push(cells[1].trim());
  }
  for (const text of texts) assert.match(text, /^\d+\.\d\d$/);
  const hundredths = texts.map((text) => Math.round(Number(text) * 100));
  return { parts: hundredths.slice(0, -1), sum: hundredths.at(-1) };
}

async function violations(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  return result.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).slice(0, 3).join(' | ')}`);
}

test('the token in the address is exchanged and gone', async () => {
  const { context, page } = await reader();
  assert.equal(page.url(), origin + '/');
  const [cookie] = await context.cookies();
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Strict');
  assert.ok(!opening.includes(cookie.value), 'the cookie does not hold the token');
  await page.getByText('You see everybody').waitFor();
  await context.close();
});

test('a reader goes from the ranking to a person whose score adds up', async () => {
  const { context, page, troubles } = await reader();
  assert.match(await page.getByRole('heading', { level: 1 }).innerText(), /^Simulated/);

  const table = rankingTable(page);
  assert.deepEqual(await table.getByRole('columnheader').allInnerTexts(),
    ['Rank', 'Person', 'People moved', 'Score', 'Why']);
  const rows = (await table.getByRole('row').all()).slice(1);
  assert.ok(rows.length > 10);
  const moved = [];
  for (const row of rows) {
    const cells = await row.getByRole('cell').allInnerTexts();
    moved.push(Number(cells[1].split('\n')[0].replaceAll(',', '')));
    assert.match(cells[2], /^\d+\n/, 'the score is whole');
    assert.match(cells[2], /likely \d+ to \d+/);
    assert.ok(cells[3].length > 10, 'there is a reason');
  }
  assert.deepEqual(moved, moved.toSorted((a, b) => b - a), 'the order follows the visible column');

  const name = (await rows[0].getByRole('rowheader').getByRole('link').innerText()).trim();
  const ranked = (await rows[0].getByRole('cell').allInnerTexts())[2];
  await rows[0].getByRole('rowheader').getByRole('link').click();
  await page.getByRole('heading', { level: 1, name }).waitFor();

  const headline = page.getByRole('region', { name: 'Score' });
  const [, score] = (await headline.innerText()).match(/^(\d+)\n/);
  const [, low, high] = (await headline.innerText()).match(/score likely (\d+) to (\d+)/).map(Number);
  assert.ok(low <= Number(score) && Number(score) <= high);
  assert.equal(ranked.split('\n')[0], score, 'the same score as in the ranking');
  await page.getByRole('heading', { name: `Why ${score}` }).waitFor();
  await page.getByRole('heading', { name: 'What holds it back' }).waitFor();

  for (const grouping of [null, 'kinds of act', 'topics', 'months', 'acts']) {
    if (grouping) await page.getByRole('link', { name: grouping, exact: true }).click();
    const { parts, sum } = await pointsOnThePage(page);
    assert.ok(parts.length > 1);
    assert.equal(parts.reduce((a, b) => a + b, 0), sum, `adds up by ${grouping ?? 'people'}`);
    // The whole score is rounded from all digits, not from the two that are shown: 39.496 is 39.50.
    assert.ok(Math.abs(sum / 100 - Number(score)) <= 0.505, `${sum / 100} is shown as ${score}`);
  }

  await page.getByText(/receipt/).first().click();
  await page.getByText(/record \d+, hash [0-9a-f]{16}/).first().waitFor();
  assert.deepEqual(troubles, []);
  await context.close();
});

test('a person is found by a part of their name, and by keyboard alone', async () => {
  const { context, page } = await reader();
  const name = (await rankingTable(page).getByRole('rowheader').nth(3).getByRole('link').innerText()).trim();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'To the content');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.type(name.slice(1));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /People called/ }).waitFor();
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await page.getByRole('searchbox', { name: 'Find a person' }).fill('nobody-has-this-name');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByText('Nobody here has a name').waitFor();
  await context.close();
});

test('the provisional stand apart, in words', async () => {
  const { context, page } = await reader();
  const settled = await page.getByText(/\d+ people are settled/).innerText();
  const count = Number(settled.match(/([\d,]+) people are settled/)[1].replaceAll(',', ''));
  const next = page.getByRole('link', { name: /^The next \d+$/ });
  const step = Number((await next.innerText()).match(/\d+/)[0]);
  await next.click();
  await page.waitForURL(`${origin}/?offset=${step}`);
  await page.goto(`${origin}/?offset=${Math.floor((count - 1) / step) * step}`);
  const section = page.getByRole('region', { name: 'Too early to say' });
  const items = await section.getByRole('listitem').allInnerTexts();
  assert.ok(items.length > 0);
  for (const item of items) assert.match(item, /\d+\?: .* responded, .* vouched for, .* unasked/);
  assert.equal(await section.getByRole('table').count(), 0);
  await context.close();
});

test('everybody else sees nobody who did not ask, and is told why', async () => {
  const { context, page } = await reader({}, { operator: false });
  await page.getByText('Nobody here has asked to be shown').waitFor();
  await page.getByText('bellwether people consent').waitFor();
  assert.equal(await page.getByRole('table').count(), 0);
  const response = await page.goto(origin + '/people/0123456789abcdef');
  assert.equal(response.status(), 404);
  await page.getByRole('link', { name: 'To the ranking' }).click();
  const wrong = await page.goto(origin + '/?token=not-the-token-at-all');
  assert.equal(wrong.status(), 403);
  await page.getByText('This token opens nothing here').waitFor();
  await context.close();
});

test('no page needs a script', async () => {
  const { context, page } = await reader({ javaScriptEnabled: false });
  assert.ok(await rankingTable(page).getByRole('row').count() > 10);
  await rankingTable(page).getByRole('rowheader').first().getByRole('link').click();
  assert.ok(await sumTable(page).getByRole('row').count() > 3);
  await context.close();
});

for (const colorScheme of ['light', 'dark']) {
  for (const [screen, width] of [['phone', 320], ['wide', 1440]]) {
    test(`pages are accessible and fit: ${screen}, ${colorScheme}`, async () => {
      const { context, page, troubles } = await reader({ colorScheme, viewport: { width, height: 800 } });
      const person = await rankingTable(page).getByRole('rowheader').first().getByRole('link').getAttribute('href');
      for (const [name, address] of [['ranking', '/'], ['person', person],
        ['nothing', '/people/nobody'], ['search', '/?search=a']]) {
        await page.goto(origin + address);
        await page.screenshot({ path: path.join(folder, `${name}-${screen}-${colorScheme}.png`), fullPage: true });
        assert.deepEqual(await violations(page), [], name);
        const wider = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(wider, 0, `${name} is wider than the screen`);
      }
      assert.deepEqual(troubles.filter((t) => !t.includes('404')), []);
      await context.close();
    });
  }
}

test('on paper there is no form, and nothing is cut off', async () => {
  const { context, page } = await reader();
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.getByRole('searchbox').isVisible(), false);
  assert.equal(await rankingTable(page).isVisible(), true);
  await page.pdf({ path: path.join(folder, 'ranking.pdf'), format: 'A4' });
  await context.close();
});
