package dev.lockstep.engine;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;

import dev.lockstep.network.Segment;
import java.nio.FloatBuffer;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;

/**
 * A convolution: the product of its kernels, filters x (channel, row, column), with the patches of
 * the image.
 */
final class ConvolutionStage implements Stage {
  private final Tensor input;
  private final Tensor output;
  private final int filters;
  private final int height;
  private final int width;
  private final FloatPointer kernel;
  private final FloatPointer kernelGradient;
  private final Bias bias;
  private final Patches patches;
  private final FloatBuffer zeros;
  private final Nonlinearity nonlinearity;
  private final Chunk chunk = new Chunk();

  ConvolutionStage(
      Vectors vectors,
      List<Segment> segments,
      Tensor input,
      Windows windows,
      Bias bias,
      int capacity,
      Nonlinearity nonlinearity) {
    Segment segment = Vectors.segment(segments, ConvolutionParamInitializer.WEIGHT_KEY);
    this.input = input;
    this.output = new Tensor(windows.output().size(), capacity, true);
    this.filters = windows.output().channels();
    this.height = windows.output().height();
    this.width = windows.output().width();
    this.kernel = vectors.parameters(segment);
    this.kernelGradient = vectors.gradient(segment);
    this.bias = bias;
    this.patches = new Patches(windows, capacity);
    this.zeros = FloatVector.allocate(input.differentiable() ? input.features() : 0);
    this.nonlinearity = nonlinearity;
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    int n = pass.examples();
    int area = height * width * n;
    bias.fill(output.values(), area);
    patches.open(n);
    for (int top = 0; top < height; top += patches.chunkHeight()) {
      for (int left = 0; left < width; left += patches.chunkWidth()) {
        turnTo(top, left);
        patches.gather(input.values(), chunk);
        int length = chunk.pixels() * n;
        cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasNoTrans,
            filters,
            length,
            patches.rows(),
            1,
            kernel,
            patches.rows(),
            patches.pointer(),
            length,
            1,
            output.values(offset(top, left, n)),
            area);
      }
    }
    nonlinearity.forward(output, pass);
  }

  @Override
  public void backward(Pass pass) {
    int n = pass.examples();
    int area = height * width * n;
    nonlinearity.backward(output, pass);
    bias.backward(output.gradient(0), area);
    if (input.differentiable()) {
      clear(input.gradient(), n);
    }
    patches.open(n);
    for (int top = 0; top < height; top += patches.chunkHeight()) {
      for (int left = 0; left < width; left += patches.chunkWidth()) {
        turnTo(top, left);
        patches.gather(input.values(), chunk);
        int length = chunk.pixels() * n;
        FloatPointer gradient = output.gradient(offset(top, left, n));
        cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasTrans,
            filters,
            patches.rows(),
            length,
            1,
            gradient,
            area,
            patches.pointer(),
            length,
            top + left == 0 ? 0 : 1,
            kernelGradient,
            patches.rows());
        if (input.differentiable()) {
          cblas_sgemm(
              CblasRowMajor,
              CblasTrans,
              CblasNoTrans,
              patches.rows(),
              length,
              filters,
              1,
              kernel,
              patches.rows(),
              gradient,
              area,
              0,
              patches.pointer(),
              length);
          patches.scatter(chunk, input.gradient(0));
        }
      }
    }
  }

  private void turnTo(int top, int left) {
    chunk.turnTo(
        top,
        Math.min(height, top + patches.chunkHeight()),
        left,
        Math.min(width, left + patches.chunkWidth()));
  }

  private long offset(int top, int left, int examples) {
    return ((long) top * width + left) * examples;
  }

  private void clear(FloatBuffer gradient, int examples) {
    for (int i = 0; i < examples; i++) {
      gradient.put(i * zeros.capacity(), zeros, 0, zeros.capacity());
    }
  }
}
