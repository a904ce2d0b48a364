package dev.lockstep.engine;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;

import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.Segment;
import java.nio.FloatBuffer;
import java.util.List;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;

/**
 * A convolution as products over its input's channels: for each pixel of the window, filters x
 * channels times a run of the image where it lies. Where windows move by one column, the run of a
 * whole output row is one piece of the image. Nothing is copied, and what lies outside of the image
 * is left out.
 */
final class ChannelConvolutionStage implements Stage {
  private final Tensor input;
  private final Tensor output;
  private final Windows windows;
  private final int channels;
  private final int filters;
  private final Vectors vectors;
  private final Segment segment;
  private final KernelPlanes kernel;
  private final KernelPlanes kernelGradient;
  private final FloatBuffer zeros;
  private final Nonlinearity nonlinearity;
  private final Product multiply = this::multiply;
  private final Product addKernelGradient = this::addKernelGradient;
  private final Product addInputGradient = this::addInputGradient;

  private int examples;
  private int inputStride;
  private int outputStride;

  ChannelConvolutionStage(
      Vectors vectors,
      List<Segment> segments,
      Tensor input,
      Windows windows,
      int capacity,
      Nonlinearity nonlinearity) {
    Image shape = windows.output();
    this.input = input;
    this.output = new Tensor(shape, capacity, true);
    this.windows = windows;
    this.channels = windows.input().channels();
    this.filters = shape.channels();
    this.vectors = vectors;
    this.segment = Vectors.segment(segments, ConvolutionParamInitializer.WEIGHT_KEY);
    this.kernel = new KernelPlanes(windows.size(), filters * channels);
    this.kernelGradient = new KernelPlanes(windows.size(), filters * channels);
    this.zeros = FloatVector.allocate(Math.max(input.area(), output.area()) * capacity);
    this.nonlinearity = nonlinearity;
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    open(pass);
    if (!windows.inside()) {
      clear(output.values(), filters, outputStride, output.area());
    }
    kernel.read(vectors.parameters(), segment.offset());
    forEachRun(multiply);
    nonlinearity.forward(output, pass);
  }

  @Override
  public void backward(Pass pass) {
    open(pass);
    nonlinearity.backward(output, pass);
    kernelGradient.clear();
    forEachRun(addKernelGradient);
    kernelGradient.write(vectors.gradient(), segment.offset());
    if (input.differentiable()) {
      clear(input.gradient(), channels, inputStride, input.area());
      forEachRun(addInputGradient);
    }
  }

  private void open(Pass pass) {
    examples = pass.examples();
    inputStride = input.stride(examples);
    outputStride = output.stride(examples);
  }

  private void clear(FloatBuffer rows, int count, int stride, int area) {
    for (int row = 0; row < count; row++) {
      rows.put(row * stride, zeros, 0, area * examples);
    }
  }

  /** A product over one pixel of the window, and a run of each channel. */
  private interface Product {
    /**
     * Adds the product.
     *
     * @param pixel of the window
     * @param in where the run begins in a channel of the input
     * @param out where it begins in a channel of the output
     * @param length how many numbers it has
     */
    void add(int pixel, int in, int out, int length);
  }

  private void forEachRun(Product product) {
    int width = windows.output().width() * examples;
    int part =
        windows.stride() == 1
            ? MatrixProducts.part(width, MatrixProducts.mostColumns(filters * channels))
            : examples;
    for (int row = 0; row < windows.output().height(); row++) {
      for (int from = 0; from < width; from += part) {
        int to = Math.min(width, from + part);
        for (int y = 0; y < windows.height(); y++) {
          int inputRow = windows.inputRow(row, y);
          for (int x = 0; x < windows.width() && windows.hasInputRow(inputRow); x++) {
            int first = Math.max(from, windows.firstColumn(x) * examples);
            int end = Math.min(to, windows.endColumn(x) * examples);
            if (first < end) {
              int column = windows.inputColumn(first / examples, x);
              int in = (inputRow * windows.input().width() + column) * examples;
              product.add(
                  y * windows.width() + x, in + first % examples, row * width + first, end - first);
            }
          }
        }
      }
    }
  }

  private void multiply(int pixel, int in, int out, int length) {
    cblas_sgemm(
        CblasRowMajor,
        CblasNoTrans,
        CblasNoTrans,
        filters,
        length,
        channels,
        1,
        kernel.plane(pixel),
        channels,
        input.values(in),
        inputStride,
        pixel == 0 && windows.inside() ? 0 : 1,
        output.values(out),
        outputStride);
  }

  private void addKernelGradient(int pixel, int in, int out, int length) {
    cblas_sgemm(
        CblasRowMajor,
        CblasNoTrans,
        CblasTrans,
        filters,
        channels,
        length,
        1,
        output.gradient(out),
        outputStride,
        input.values(in),
        inputStride,
        1,
        kernelGradient.plane(pixel),
        channels);
  }

  private void addInputGradient(int pixel, int in, int out, int length) {
    cblas_sgemm(
        CblasRowMajor,
        CblasTrans,
        CblasNoTrans,
        channels,
        length,
        filters,
        1,
        kernel.plane(pixel),
        channels,
        output.gradient(out),
        outputStride,
        1,
        input.gradient(in),
        inputStride);
  }
}
