package dev.lockstep.report;

import dev.lockstep.report.Epoch.Validated;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * One quantity per epoch as a picture to paste: training as dots, validation as a line. Of folds
 * these are the means, and a band reaches from the least to the most of their validation; only
 * epochs are shown in which every fold has a value.
 */
public enum CurveImage {
  ACCURACY("accuracy", Epoch::trainingAccuracy, Validated::accuracy),
  LOSS("loss", Epoch::trainingLoss, Validated::loss);

  /** So many runs, each in a colour of its own, can be told apart. */
  static final int MOST_RUNS = 8;

  private static final int MOST_LETTERS = 80;
  private static final int BAND_OPACITY = 0x2E;
  private static final int WIDTH = 1200;
  private static final int HEIGHT = 750;
  private static final Color INK = new Color(0x33, 0x33, 0x30);
  private static final Color GRID = new Color(0xE4, 0xE2, 0xDC);

  /** As in the page. */
  private static final Color[] COLOURS = {
    new Color(0x1F5FA8), new Color(0xB3541E), new Color(0x2E7D5B), new Color(0x8A4F9E),
    new Color(0xA67C00), new Color(0x3A8FB7), new Color(0xC2476B), new Color(0x6B6B6B)
  };

  private final String word;
  private final ToDoubleFunction<Epoch> training;
  private final ToDoubleFunction<Validated> validation;

  CurveImage(
      String word, ToDoubleFunction<Epoch> training, ToDoubleFunction<Validated> validation) {
    this.word = word;
    this.training = training;
    this.validation = validation;
  }

  /** The values of one epoch: a number a fold, or one. */
  private record Point(int epoch, double[] values) {
    boolean finite() {
      return DoubleStream.of(values).allMatch(Double::isFinite);
    }

    double mean() {
      return DoubleStream.of(values).sum() / values.length;
    }

    double least() {
      return DoubleStream.of(values).min().orElseThrow();
    }

    double most() {
      return DoubleStream.of(values).max().orElseThrow();
    }
  }

  /** The file's name in a run directory. */
  public String fileName() {
    return word + ".png";
  }

  /**
   * The curves of all runs, each in its colour, 1200 x 750 pixels, as a PNG file. Of more than
   * {@value #MOST_RUNS} runs it shows the first ones, and says so.
   */
  public byte[] png(Report report) {
    List<ReportedRun> runs = report.runs().stream().limit(MOST_RUNS).toList();
    boolean folds = runs.stream().anyMatch(CurveImage::hasFolds);
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title(report))
            .xAxisTitle(runs.size() == 1 ? "epoch" : "epoch  (%s)".formatted(explanation(folds)))
            .build();
    style(chart.getStyler());
    chart
        .getStyler()
        .setLegendLayout(runs.size() == 1 ? LegendLayout.Horizontal : LegendLayout.Vertical);
    for (int i = 0; i < runs.size(); i++) {
      add(chart, runs.get(i), i, runs.size() > 1);
    }
    return Picture.png(BitmapEncoder.getBufferedImage(chart));
  }

  private String title(Report report) {
    int runs = report.runs().size();
    String which = runs > MOST_RUNS ? " of the first %d of %d runs".formatted(MOST_RUNS, runs) : "";
    return "%s: %s%s".formatted(report.title(), word, which);
  }

  private static boolean hasFolds(ReportedRun run) {
    return run.curves().size() > 1;
  }

  private static String explanation(boolean folds) {
    return folds
        ? "training as dots, validation as lines; of folds the means, and their range as a band"
        : "training as dots, validation as lines";
  }

  private static void style(XYStyler style) {
    style.setChartBackgroundColor(Color.WHITE);
    style.setPlotBorderVisible(false);
    style.setPlotGridLinesColor(GRID);
    style.setPlotGridVerticalLinesVisible(false);
    style.setChartFontColor(INK);
    style.setAxisTickLabelsColor(INK);
    style.setAxisTickMarksColor(GRID);
    style.setLegendBorderColor(Color.WHITE);
    style.setLegendPosition(LegendPosition.OutsideS);
    style.setChartTitleFont(new Font(Font.SERIF, Font.PLAIN, 28));
    style.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 20));
    style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 18));
    style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 20));
    style.setXAxisDecimalPattern("0");
    style.setYAxisDecimalPattern("0.####");
    style.setMarkerSize(11);
    style.setChartPadding(24);
  }

  /** Of several runs the legend has their names alone, for it takes its room from the plot. */
  private void add(XYChart chart, ReportedRun run, int number, boolean several) {
    Color colour = COLOURS[number];
    List<Course> trainings = run.curves().stream().map(Curves::history).toList();
    List<Point> dots = new ArrayList<>();
    List<Point> line = new ArrayList<>();
    for (List<Epoch> epoch : Course.common(trainings)) {
      int at = epoch.get(0).epoch();
      dots.add(new Point(at, epoch.stream().mapToDouble(training).toArray()));
      if (epoch.stream().allMatch(each -> each.validation() != null)) {
        line.add(
            new Point(at, epoch.stream().map(Epoch::validation).mapToDouble(validation).toArray()));
      }
    }
    dots.removeIf(point -> !point.finite());
    line.removeIf(point -> !point.finite());
    String of = hasFolds(run) ? ", mean of %d folds".formatted(trainings.size()) : "";
    if (hasFolds(run) && line.size() > 1) {
      addBand(chart, line, "%d band".formatted(number), colour, several);
    }
    if (!dots.isEmpty()) {
      XYSeries series = addMeans(chart, dots, "%d training".formatted(number));
      series.setLineStyle(SeriesLines.NONE);
      series.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(colour);
      series.setLabel(several ? cut(run.name()) : "training" + of);
      series.setShowInLegend(!several || line.isEmpty());
    }
    if (!line.isEmpty()) {
      XYSeries series = addMeans(chart, line, "%d validation".formatted(number));
      series.setLineColor(colour).setLineStyle(new BasicStroke(3));
      series.setMarker(line.size() == 1 ? SeriesMarkers.DIAMOND : SeriesMarkers.NONE);
      series.setMarkerColor(colour);
      series.setLabel(several ? cut(run.name()) : "validation" + of);
    }
  }

  private static XYSeries addMeans(XYChart chart, List<Point> points, String name) {
    return chart.addSeries(
        name,
        points.stream().mapToDouble(Point::epoch).toArray(),
        points.stream().mapToDouble(Point::mean).toArray());
  }

  /** There along the most and back along the least. */
  private static void addBand(
      XYChart chart, List<Point> points, String name, Color colour, boolean several) {
    List<Point> back =
        IntStream.iterate(points.size() - 1, i -> i >= 0, i -> i - 1)
            .mapToObj(points::get)
            .toList();
    XYSeries band =
        chart.addSeries(
            name,
            DoubleStream.concat(
                    points.stream().mapToDouble(Point::epoch),
                    back.stream().mapToDouble(Point::epoch))
                .toArray(),
            DoubleStream.concat(
                    points.stream().mapToDouble(Point::most),
                    back.stream().mapToDouble(Point::least))
                .toArray());
    band.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
    Color pale = new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), BAND_OPACITY);
    band.setFillColor(pale);
    band.setLineColor(pale);
    band.setLineStyle(SeriesLines.NONE);
    band.setMarker(SeriesMarkers.NONE);
    band.setLabel("validation, least to most");
    band.setShowInLegend(!several);
  }

  private static String cut(String name) {
    return name.length() <= MOST_LETTERS ? name : name.substring(0, MOST_LETTERS - 1) + "…";
  }
}
