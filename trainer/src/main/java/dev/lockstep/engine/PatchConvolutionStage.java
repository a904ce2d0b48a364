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
 * A convolution as one product of its kernels, filters x (channel, row, column), with the patches
 * of the image: for images of so few channels that sums over them alone would be too short.
 */
final class PatchConvolutionStage implements Stage {
  private final Tensor input;
  private final Tensor output;
  private final int filters;
  private final FloatPointer kernel;
  private final FloatPointer kernelGradient;
  private final Patches patches;
  private final FloatBuffer zeros;
  private final Nonlinearity nonlinearity;

  PatchConvolutionStage(
      Vectors vectors,
      List<Segment> segments,
      Tensor input,
      Windows windows,
      int capacity,
      Nonlinearity nonlinearity) {
    Segment segment = Vectors.segment(segments, ConvolutionParamInitializer.WEIGHT_KEY);
    this.input = input;
    this.output = new Tensor(windows.output(), capacity, true);
    this.filters = windows.output().channels();
    this.kernel = vectors.parameters(segment);
    this.kernelGradient = vectors.gradient(segment);
    this.patches = new Patches(windows, filters, capacity);
    this.zeros = FloatVector.allocate(input.area() * capacity);
    this.nonlinearity = nonlinearity;
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    int n = pass.examples();
    int rows = patches.rows();
    int stride = output.stride(n);
    for (patches.open(n, input.stride(n)); !patches.done(); patches.advance()) {
      patches.gather(input.values());
      cblas_sgemm(
          CblasRowMajor,
          CblasNoTrans,
          CblasNoTrans,
          filters,
          patches.columns(),
          rows,
          1,
          kernel,
          rows,
          patches.pointer(),
          patches.stride(),
          0,
          output.values(patches.start()),
          stride);
    }
    nonlinearity.forward(output, pass);
  }

  @Override
  public void backward(Pass pass) {
    int n = pass.examples();
    int rows = patches.rows();
    int stride = output.stride(n);
    nonlinearity.backward(output, pass);
    clearInputGradient(n);
    for (patches.open(n, input.stride(n)); !patches.done(); patches.advance()) {
      patches.gather(input.values());
      FloatPointer gradient = output.gradient(patches.start());
      cblas_sgemm(
          CblasRowMajor,
          CblasNoTrans,
          CblasTrans,
          filters,
          rows,
          patches.columns(),
          1,
          gradient,
          stride,
          patches.pointer(),
          patches.stride(),
          patches.start() == 0 ? 0 : 1,
          kernelGradient,
          rows);
      if (input.differentiable()) {
        cblas_sgemm(
            CblasRowMajor,
            CblasTrans,
            CblasNoTrans,
            rows,
            patches.columns(),
            filters,
            1,
            kernel,
            rows,
            gradient,
            stride,
            0,
            patches.pointer(),
            patches.stride());
        patches.scatter(input.gradient(0));
      }
    }
  }

  private void clearInputGradient(int examples) {
    for (int channel = 0; channel < input.channels() && input.differentiable(); channel++) {
      input.gradient().put(channel * input.stride(examples), zeros, 0, input.area() * examples);
    }
  }
}
