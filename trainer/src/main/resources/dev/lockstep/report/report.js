'use strict';
(() => {
  const { report, overfitting } = JSON.parse(document.getElementById('data').textContent);
  const MOST_CLASSES = 40;
  const charts = [];
  let figures = 0;

  /* ---- The page's elements. Texts become text nodes, never markup. ---- */

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
    }
    made.append(...children.flat(Infinity).filter(child => child !== undefined && child !== null));
    return made;
  }

  const finite = value => (typeof value === 'number' && Number.isFinite(value) ? value : null);
  const fixed = (value, digits = 4) => (finite(value) === null ? '–' : value.toFixed(digits));
  const count = value => value.toLocaleString('en-US');
  const percent = value => (100 * value).toFixed(value > 0 && value < 0.1 ? 2 : 1) + ' %';
  const seconds = value => (value < 100 ? value.toFixed(2) + ' s' : (value / 60).toFixed(1) + ' min');
  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
  const slug = text => text.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^-+|-+$/g, '') || 'report';
  const variable = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = run => variable(`--run${run % 8}`);

  /* ---- Data as CSV. ---- */

  function csvButton(name, what, rows) {
    const button = element('button', { type: 'button', class: 'csv', 'aria-label': `Download ${what} as CSV` }, 'CSV');
    button.addEventListener('click', () => {
      const cell = value => {
        const text = value === null || value === undefined ? '' : String(value);
        return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      };
      const text = rows().map(row => row.map(cell).join(',')).join('\n') + '\n';
      const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
      element('a', { href: url, download: `${slug(name)}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    });
    return button;
  }

  function caption(text, name, rows) {
    figures += 1;
    return element('figcaption', {}, element('b', {}, `Figure ${figures}. `), text, csvButton(name, `the data of figure ${figures}`, rows));
  }

  const key = (kind, text, run = 0) => element('li', {}, element('i', { class: kind, style: `color: var(--run${run % 8})` }), text);

  /* ---- Charts: each has a category axis, along which the arrow keys walk. ---- */

  /**
   * chart.option(): ECharts' option; chart.length: places on the category axis; chart.axis: 'x' or 'y';
   * chart.at(i): what stands there, {title, rows: [[name, value]]}.
   */
  function addChart(holder, chart) {
    const box = element('div', {
      class: 'chart', tabindex: 0, role: 'img', id: chart.id,
      'aria-label': `${chart.label} Use the arrow keys to read the values.`,
      style: chart.height ? `height: ${chart.height}px` : undefined,
    });
    const spoken = element('output', { 'aria-live': 'polite' });
    holder.append(box, spoken);
    chart.box = box;
    charts.push(chart);
    let place = -1;
    box.addEventListener('keydown', event => {
      const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
      if (!(event.key in moves) || chart.length === 0) return;
      event.preventDefault();
      place = Math.max(0, Math.min(chart.length - 1, place + moves[event.key]));
      const { title, rows } = chart.at(place);
      spoken.textContent = `${title}: ${rows.map(([name, value]) => `${name} ${value}`).join(', ')}`;
      showTip(chart, place);
    });
    box.addEventListener('blur', () => {
      spoken.textContent = '';
      chart.drawn.dispatchAction({ type: 'hideTip' });
    });
  }

  function showTip(chart, place) {
    const along = chart.drawn.convertToPixel(chart.axis === 'x' ? { xAxisIndex: 0 } : { yAxisIndex: 0 }, place);
    const across = chart.axis === 'x' ? chart.box.clientHeight / 3 : chart.box.clientWidth / 2;
    chart.drawn.dispatchAction({
      type: 'showTip', x: chart.axis === 'x' ? along : across, y: chart.axis === 'x' ? across : along,
    });
  }

  function tip(at) {
    return element('div', { class: 'tip' }, element('b', {}, at.title),
      at.rows.map(([name, value]) => element('span', {}, element('i', {}, name), element('span', {}, value))));
  }

  function base(chart) {
    const ink = variable('--ink');
    const soft = variable('--soft');
    const grid = variable('--grid');
    const text = { color: soft, fontFamily: variable('--sans'), fontSize: 12 };
    const category = {
      type: 'category', axisLine: { lineStyle: { color: variable('--rule') } }, axisTick: { show: false },
      axisLabel: text, splitLine: { show: false }, nameTextStyle: text,
      axisPointer: { show: true, type: chart.axis === 'x' ? 'line' : 'shadow', lineStyle: { color: soft, type: 'dotted' },
        shadowStyle: { color: grid, opacity: 0.6 }, label: { show: false } },
    };
    const value = {
      type: 'value', axisLine: { show: false }, axisTick: { show: false }, axisLabel: text,
      splitLine: { lineStyle: { color: grid } }, nameTextStyle: text, axisPointer: { show: false },
    };
    return {
      ink, soft, category, value,
      common: {
        animation: false,
        textStyle: { fontFamily: variable('--sans') },
        tooltip: {
          trigger: 'axis', confine: true, transitionDuration: 0, backgroundColor: variable('--paper'),
          borderColor: variable('--rule'), borderWidth: 1, padding: [7, 10], textStyle: { color: ink, fontSize: 12 },
          extraCssText: 'box-shadow: 0 2px 10px rgb(0 0 0 / .12); border-radius: 4px;',
          formatter: parameters => tip(chart.at([].concat(parameters)[0].dataIndex)),
        },
      },
    };
  }

  function draw(chart) {
    chart.drawn ??= echarts.init(chart.box, null, { renderer: 'svg' });
    chart.drawn.resize();
    chart.drawn.setOption(chart.option(base(chart)), true);
  }

  const redraw = () => charts.forEach(draw);

  /* ---- Learning curves. ---- */

  const QUANTITIES = {
    accuracy: { training: epoch => epoch.trainingAccuracy, validation: metrics => metrics.accuracy },
    loss: { training: epoch => epoch.trainingLoss, validation: metrics => metrics.loss },
  };

  function epochs(run) {
    return run.curves.flatMap(curves => curves.history.epochs);
  }

  /** Per epoch from 1: a run's trainings that have it. */
  function perEpoch(run, last) {
    return Array.from({ length: last }, (_, i) =>
      run.curves.map(curves => curves.history.epochs.find(epoch => epoch.epoch === i + 1)).filter(epoch => epoch !== undefined));
  }

  /** The values of one epoch if each of a run's trainings has one; otherwise none, for a mean of some would jump. */
  function valuesOfAll(run, found, value) {
    const values = found.map(value).map(finite).filter(number => number !== null);
    return values.length === run.curves.length ? values : [];
  }

  function curveChart(holder, what) {
    const quantity = QUANTITIES[what];
    const last = Math.max(0, ...report.runs.flatMap(epochs).map(epoch => epoch.epoch));
    const runs = report.runs.map(run => {
      const found = perEpoch(run, last);
      return {
        name: run.name,
        folds: run.curves.length > 1,
        of: run.curves.length,
        have: found.map(each => each.length),
        training: found.map(each => valuesOfAll(run, each, quantity.training)),
        validation: found.map(each => valuesOfAll(run, each, epoch => (epoch.validation ? quantity.validation(epoch.validation) : null))),
      };
    });
    const means = values => values.map(each => (each.length ? mean(each) : null));
    const chart = {
      id: `curve-${what}`, axis: 'x', length: last,
      label: `${what} per epoch, training and validation.`,
      at: i => ({
        title: `epoch ${i + 1}`,
        rows: runs.flatMap(run => {
          const of = runs.length > 1 ? `${run.name}, ` : '';
          const row = (name, values) => {
            if (!values.length) return [];
            const range = run.folds && values.length > 1 ? ` (${fixed(Math.min(...values))}–${fixed(Math.max(...values))})` : '';
            return [[of + name, fixed(mean(values)) + range]];
          };
          const some = run.have[i] > 0 && run.have[i] < run.of;
          return [...row('training', run.training[i]), ...row('validation', run.validation[i]),
            ...(some ? [[of + 'folds', `${run.have[i]} of ${run.of} have this epoch`]] : [])];
        }),
      }),
      option: ({ common, category, value }) => ({
        ...common,
        grid: { left: 8, right: 14, top: 30, bottom: 30, containLabel: true },
        xAxis: { ...category, data: Array.from({ length: last }, (_, i) => String(i + 1)), name: 'epoch', nameLocation: 'middle', nameGap: 26, boundaryGap: last < 2 },
        yAxis: { ...value, name: what, nameTextStyle: { ...value.nameTextStyle, align: 'left', padding: [0, 0, 0, -28] }, scale: true, min: what === 'loss' ? 0 : undefined },
        series: runs.flatMap((run, r) => {
          const band = run.folds && run.validation.some(values => values.length);
          const invisible = { type: 'line', stack: `band${r}`, stackStrategy: 'all', symbol: 'none', silent: true, lineStyle: { opacity: 0 } };
          return [
            ...(band ? [
              { ...invisible, name: `${run.name} least`, data: run.validation.map(values => (values.length ? Math.min(...values) : null)) },
              { ...invisible, name: `${run.name} band`, areaStyle: { color: colour(r), opacity: 0.18 },
                data: run.validation.map(values => (values.length ? Math.max(...values) - Math.min(...values) : null)) },
            ] : []),
            { name: `${run.name} validation`, type: 'line', data: means(run.validation), color: colour(r), lineStyle: { width: 2 },
              symbol: 'diamond', symbolSize: 9, showSymbol: run.validation.filter(values => values.length).length === 1 },
            { name: `${run.name} training`, type: 'scatter', data: means(run.training), color: colour(r), symbol: 'circle', symbolSize: last > 60 ? 4 : 7, itemStyle: { opacity: 1 } },
          ];
        }),
      }),
    };
    const several = runs.length > 1;
    holder.append(element('ul', { class: 'keys' },
      runs.flatMap((run, r) => {
        const of = several ? `${run.name}, ` : '';
        const average = run.folds ? ', mean of the folds' : '';
        return several
          ? [key('line', run.name + average, r)]
          : [key('dot', of + 'training' + average, r),
            ...(run.validation.some(values => values.length) ? [key('line', of + 'validation' + average, r)] : []),
            ...(run.folds ? [key('band', of + 'validation, least to most of the folds', r)] : [])];
      }),
      several ? [key('dot', 'training'), key('line', 'validation')].map(item => { item.firstChild.style.color = 'var(--soft)'; return item; }) : []));
    addChart(holder, chart);
    return () => [
      ['run', 'curve', 'epoch', `training_${what}`, `validation_${what}`],
      ...report.runs.flatMap(run => run.curves.flatMap(curves => curves.history.epochs.map(epoch => [
        run.name, curves.name, epoch.epoch, finite(quantity.training(epoch)),
        epoch.validation ? finite(quantity.validation(epoch.validation)) : null]))),
    ];
  }

  /** Says where the folds' mean ends, if some folds went on. */
  function ends(run) {
    const lengths = run.curves.map(curves => curves.history.epochs.length);
    const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
    const of = report.runs.length > 1 ? ` of ${run.name}` : '';
    return least < most ? ` The folds${of} ended after ${least} to ${most} epochs: their mean and band end with epoch ${least}, the last that all have; the CSV has every epoch.` : '';
  }

  function learningCurves() {
    const pair = element('div', { class: 'pair' });
    const folds = report.runs.some(run => run.curves.length > 1);
    for (const what of ['accuracy', 'loss']) {
      const figure = element('figure', {});
      const rows = curveChart(figure, what);
      figure.append(caption(
        `${what === 'accuracy' ? 'Accuracy' : 'Loss'} per epoch: training as dots, a running mean over the epoch with dropout on; validation as a line, after the epoch.`
        + (folds ? ' The band reaches from the least to the most of the folds.' : '')
        + report.runs.map(ends).join(''),
        `${report.title}-${what}`, rows));
      pair.append(figure);
    }
    const notes = report.runs.map((run, r) => element('p', {
      class: overfitting[r].includes('suggests overfitting since') ? 'note warning' : 'note',
    }, report.runs.length > 1 ? `${run.name}: ${overfitting[r]}` : overfitting[r]));
    return element('section', { id: 'curves' }, element('h2', {}, 'Learning curves'), pair, notes);
  }

  /* ---- Classes. ---- */

  const first = run => Object.entries(run.metrics)[0];
  const className = (run, c) => run.classes[c] ?? String(c);
  const sum = numbers => numbers.reduce((total, number) => total + number, 0);
  const quotient = (part, whole) => (whole === 0 ? 0 : part / whole);

  /** Of each class, how many are of it, taken for it, and both. */
  function classes(run, confusion) {
    return confusion.map((row, c) => {
      const labelled = sum(row);
      const predicted = sum(confusion.map(each => each[c]));
      return {
        c, name: className(run, c), labelled, predicted,
        recall: quotient(row[c], labelled), precision: quotient(row[c], predicted), f1: quotient(2 * row[c], labelled + predicted),
      };
    });
  }

  /** All, or of many those that are told apart worst, in their order. */
  function shownClasses(all) {
    return [...all].sort((a, b) => a.f1 - b.f1).slice(0, MOST_CLASSES).sort((a, b) => a.c - b.c);
  }

  function heatMap(run, id, part, metrics) {
    const { confusion } = metrics;
    const all = classes(run, confusion);
    const shown = shownClasses(all);
    const worst = Math.max(1, ...shown.flatMap(a => shown.filter(b => a !== b).map(b => confusion[a.c][b.c])));
    const spoken = element('output', { 'aria-live': 'polite' });
    const heads = shown.map(each => element('th', { scope: 'col', title: each.name }, each.name));
    const body = element('tbody');
    const cells = shown.map((label, i) => {
      const head = element('th', { scope: 'row', title: label.name }, label.name);
      const row = shown.map((predicted, j) => {
        const value = confusion[label.c][predicted.c];
        const right = label === predicted;
        const heat = right ? 0.12 + 0.78 * label.recall ** 3 : value === 0 ? 0 : 0.1 + 0.75 * Math.sqrt(value / worst);
        const cell = element('td', {
          tabindex: i + j === 0 ? 0 : -1,
          class: [heat > 0.6 ? 'strong' : '', value === 0 ? 'none' : ''].join(' ').trim() || undefined,
          style: `--tone: var(--${right ? 'right' : 'wrong'}); --heat: ${heat.toFixed(3)}`,
        }, value === 0 ? '·' : count(value));
        const show = () => {
          body.parentNode.querySelectorAll('th.on').forEach(th => th.classList.remove('on'));
          head.classList.add('on');
          heads[j].classList.add('on');
          spoken.textContent = `true ${label.name}, predicted ${predicted.name}: ${count(value)} of ${count(label.labelled)} (${percent(quotient(value, label.labelled))})`;
        };
        cell.addEventListener('mouseenter', show);
        cell.addEventListener('focus', show);
        cell.addEventListener('keydown', event => {
          const [down, across] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] ?? [0, 0];
          const next = cells[i + down]?.[j + across];
          if (next === undefined || next === cell) return;
          event.preventDefault();
          cell.tabIndex = -1;
          next.tabIndex = 0;
          next.focus();
        });
        return cell;
      });
      body.append(element('tr', {}, head, row));
      return row;
    });
    const table = element('table', { class: 'heat', id },
      element('caption', {}, 'predicted →'),
      element('thead', {}, element('tr', {}, element('td', { class: 'none', 'aria-hidden': true, style: '--tone: 0 0 0; --heat: 0' }, ''), heads)), body);
    const cut = shown.length < all.length ? ` Shown are the ${shown.length} of ${all.length} classes with the lowest F1; the CSV has all.` : '';
    return element('figure', {}, element('div', { class: 'scroll' }, table), spoken,
      caption(`Confusion matrix on the ${part} examples: a row for each true class, a column for each predicted one. Blue is right, orange is wrong, the stronger the more often.${cut}`,
        `${run.name}-confusion`, () => [['true', 'predicted', 'examples'],
          ...confusion.flatMap((row, i) => row.map((value, j) => [className(run, i), className(run, j), value]))]));
  }

  function perClass(run, id, part, metrics) {
    const all = classes(run, metrics.confusion);
    const shown = shownClasses(all);
    const holder = element('figure', {},
      element('ul', { class: 'keys' }, key('dot', 'recall', 0), key('ring', 'precision', 1)));
    const least = Math.min(1, ...shown.flatMap(each => [each.recall, each.precision]));
    addChart(holder, {
      id, axis: 'y', length: shown.length, height: 60 + 25 * shown.length,
      label: `Recall and precision of each class on the ${part} examples.`,
      at: i => ({
        title: `class ${shown[i].name}`,
        rows: [['recall', fixed(shown[i].recall)], ['precision', fixed(shown[i].precision)], ['F1', fixed(shown[i].f1)],
          ['examples', count(shown[i].labelled)]],
      }),
      option: ({ common, category, value }) => ({
        ...common,
        grid: { left: 8, right: 18, top: 8, bottom: 8, containLabel: true },
        xAxis: { ...value, min: Math.max(0, Math.floor(least * 100 - 0.5) / 100), max: 1, minInterval: 0.01, axisLabel: { ...value.axisLabel, hideOverlap: true } },
        yAxis: { ...category, inverse: true, data: shown.map(each => each.name), axisLabel: { ...category.axisLabel, width: 90, overflow: 'truncate' } },
        series: [
          { name: 'recall', type: 'scatter', color: colour(0), symbol: 'circle', symbolSize: 10, itemStyle: { opacity: 1 }, data: shown.map((each, i) => [each.recall, i]) },
          { name: 'precision', type: 'scatter', symbol: 'circle', symbolSize: 10, itemStyle: { color: variable('--paper'), borderColor: colour(1), borderWidth: 2, opacity: 1 }, data: shown.map((each, i) => [each.precision, i]) },
        ],
      }),
    });
    holder.append(caption(`Recall (of a class's examples, those found) and precision (of those taken for a class, those that are of it) on the ${part} examples.`,
      `${run.name}-classes`, () => [['class', 'examples', 'predicted', 'recall', 'precision', 'f1'],
        ...all.map(each => [each.name, each.labelled, each.predicted, each.recall, each.precision, each.f1])]));
    return holder;
  }

  /* ---- Tables. ---- */

  /** Numbers come with all their digits. */
  const cellText = cell => (cell === 'NaN' ? '–' : /^-?\d+\.\d+(E-?\d+)?$/.test(cell) ? fixed(Number(cell)) : cell);

  function plainTable({ title, caption: text, columns, rows }, of) {
    return [element('h3', {}, title),
      element('figure', {},
        element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': title },
          element('table', { class: 'plain' },
            element('thead', {}, element('tr', {}, columns.map(name => element('th', { scope: 'col' }, name)))),
            element('tbody', {}, rows.map(([head, ...cells]) => element('tr', {},
              element('th', { scope: 'row' }, cellText(head)), cells.map(cell => element('td', {}, cellText(cell)))))))),
        caption(text, `${of}-${title}`, () => [columns, ...rows]))];
  }

  /* ---- Pictures. ---- */

  const picture = ({ name, width, height, png }, alternative) =>
    element('img', { src: `data:image/png;base64,${png}`, width, height, alt: alternative ?? name, title: name });

  function worstExamples(run) {
    return [element('h3', {}, 'Most confidently wrong'),
      element('figure', {},
        element('ul', { class: 'examples' }, run.worst.map(example => {
          const label = className(run, example.label);
          const predicted = className(run, example.predicted);
          return element('li', {}, picture(example.picture, `${example.picture.name}: is ${label}, taken for ${predicted}`),
            `${label} taken for ${predicted}`,
            element('small', {}, `at ${fixed(example.probability)} · ${example.part} ${count(example.index)}`));
        })),
        caption('Examples whose wrong class had the highest probability: what they are, what they were taken for, and where they are found.',
          `${run.name}-wrong`, () => [['part', 'example', 'true', 'predicted', 'probability'],
            ...run.worst.map(example => [example.part, example.index, className(run, example.label), className(run, example.predicted), example.probability])]))];
  }

  function weights(run) {
    return run.weights.map(({ title, pictures }) => [
      element('h3', {}, 'First layer'),
      element('p', {}, title),
      element('ul', { class: 'weights' }, pictures.map(each => element('li', {}, picture(each)))),
    ]);
  }

  /* ---- Timeline. ---- */

  function timeline(run, id) {
    const lanes = [...new Set(run.timeline.map(span => span.lane))];
    const spans = lanes.map(lane => run.timeline.filter(span => span.lane === lane).sort((a, b) => a.start - b.start));
    const most = Math.max(...spans.map(each => each.length));
    const endOf = before => Math.max(0, ...before.map(span => span.end));
    const holder = element('figure', {});
    addChart(holder, {
      id, axis: 'y', length: lanes.length, height: 70 + 30 * lanes.length,
      label: 'When each worker or fold ran, and where.',
      at: i => ({
        title: lanes[i],
        rows: spans[i].map(span => [
          `${span.place}${span.attempt > 0 ? `, attempt ${span.attempt + 1}` : ''}`,
          `${span.start.toFixed(2)}–${span.end.toFixed(2)} s (${seconds(span.end - span.start)}), ${span.outcome}`]),
      }),
      option: ({ common, category, value }) => ({
        ...common,
        grid: { left: 8, right: 24, top: 8, bottom: 28, containLabel: true },
        xAxis: { ...value, min: 0, name: 'seconds since the run began', nameLocation: 'middle', nameGap: 26, axisLabel: { ...value.axisLabel, hideOverlap: true } },
        yAxis: { ...category, inverse: true, data: lanes, axisLabel: { ...category.axisLabel, width: 110, overflow: 'truncate' } },
        series: Array.from({ length: most }, (_, k) => {
          const bar = { type: 'bar', stack: 'time', barMaxWidth: 18 };
          return [
            { ...bar, silent: true, itemStyle: { color: 'transparent' },
              data: spans.map(each => (each[k] ? Math.max(0, each[k].start - endOf(each.slice(0, k))) : null)) },
            { ...bar, data: spans.map(each => (each[k] ? {
              value: Math.max(0, each[k].end - Math.max(each[k].start, endOf(each.slice(0, k)))),
              itemStyle: { color: each[k].outcome === 'done' ? colour(0) : variable('--warn'), opacity: 0.85, borderRadius: 2 } } : null)) },
          ];
        }).flat(),
      }),
    });
    holder.append(caption('What ran when, and where. Orange did not end well and was run again.', `${run.name}-timeline`,
      () => [['lane', 'place', 'attempt', 'start_seconds', 'end_seconds', 'outcome'],
        ...run.timeline.map(span => [span.lane, span.place, span.attempt, span.start, span.end, span.outcome])]));
    return [element('h3', {}, 'Timeline'), holder];
  }

  /* ---- The page. ---- */

  function keyFigures(run) {
    const found = first(run);
    const all = epochs(run);
    const figuresOf = found ? [
      [`${found[0]} accuracy`, fixed(found[1].accuracy)], [`${found[0]} loss`, fixed(found[1].loss)],
      ['macro recall', fixed(found[1]['confusion'] && mean(classes(run, found[1].confusion).filter(each => each.labelled + each.predicted > 0).map(each => each.recall)))],
      ['examples', count(found[1].examples)],
    ] : [];
    const trained = all.length ? [['epochs', String(Math.max(...all.map(epoch => epoch.epoch)))],
      ['training time', seconds(sum(all.map(epoch => finite(epoch.seconds) ?? 0)))]] : [];
    return element('dl', { class: 'figures' },
      [...figuresOf, ...trained].map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))));
  }

  function comparison() {
    const table = element('table', { class: 'plain', id: 'runs' },
      element('thead', {}, element('tr', {}, ['run', 'epochs', 'examples', 'accuracy', 'loss', 'macro recall', 'seconds'].map(name => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, report.runs.map((run, r) => {
        const metrics = first(run)?.[1];
        const all = epochs(run);
        const values = [Math.max(0, ...all.map(epoch => epoch.epoch)),
          metrics ? `${count(metrics.examples)} ${first(run)[0]}` : '–', fixed(metrics?.accuracy), fixed(metrics?.loss),
          metrics ? fixed(mean(classes(run, metrics.confusion).filter(each => each.labelled + each.predicted > 0).map(each => each.recall))) : '–',
          fixed(sum(all.map(epoch => finite(epoch.seconds) ?? 0)), 1)];
        return element('tr', {},
          element('th', { scope: 'row' }, element('span', { class: 'swatch', style: `background: var(--run${r % 8})` }), element('a', { href: `#run-${r}` }, run.name)),
          values.map(value => element('td', {}, String(value))));
      })));
    return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Runs' }, table);
  }

  function runSections(run, r) {
    const several = report.runs.length > 1;
    const found = first(run);
    const parts = [
      ...(found ? [element('h3', {}, 'Classes'), element('div', { class: 'pair classes' },
        heatMap(run, `confusion-${r}`, found[0], found[1]), perClass(run, `classes-${r}`, found[0], found[1]))] : []),
      ...(run.tables ?? []).flatMap(table => plainTable(table, run.name)),
      ...(run.worst.length ? worstExamples(run) : []),
      ...weights(run).flat(),
      ...(run.timeline.length ? timeline(run, `timeline-${r}`) : []),
      element('h3', {}, 'Configuration'), element('pre', { tabindex: 0 }, run.configuration),
      element('h3', {}, 'Environment'),
      element('dl', { class: 'facts' }, Object.entries(run.environment).map(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])),
    ];
    return element('section', { id: `run-${r}` }, element('h2', {}, several ? run.name : 'The run'), ...(several ? [keyFigures(run)] : []), parts);
  }

  function page() {
    const several = report.runs.length > 1;
    const { environment } = report.runs[0];
    const main = document.getElementById('report');
    main.replaceChildren(
      element('header', {}, element('h1', {}, report.title),
        element('p', { class: 'lede' }, several
          ? `${report.runs.length} runs, laid over one another.`
          : ['network', 'dataset', 'finished'].map(name => environment[name]).filter(Boolean).join(' · ')),
        several ? comparison() : keyFigures(report.runs[0])),
      ...(report.runs.some(run => epochs(run).length) ? [learningCurves()] : []),
      ...(report.tables?.length ? [element('section', { id: 'tables' }, report.tables.map(table => plainTable(table, report.title)))] : []),
      ...report.runs.map(runSections),
      element('footer', {}, 'Made by Lockstep. Charts by Apache ECharts, Apache License 2.0. This file is complete and asks no network for anything.'));
    redraw();
  }

  page();
  new ResizeObserver(() => charts.forEach(chart => chart.drawn?.resize())).observe(document.getElementById('report'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  addEventListener('beforeprint', () => { document.documentElement.classList.add('paper'); redraw(); });
  addEventListener('afterprint', () => { document.documentElement.classList.remove('paper'); redraw(); });
})();
