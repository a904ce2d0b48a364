package dev.lockstep.engine;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;

import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.Segment;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;

/**
 * A fully connected layer: Z = W X with W of units x inputs, row by row (DL4J's kernel, column by
 * column, is its transpose).
 */
final class DenseStage implements Stage {
  private final Tensor input;
  private final Tensor output;
  private final int inputs;
  private final int units;
  private final FloatPointer kernel;
  private final FloatPointer kernelGradient;
  private final Nonlinearity nonlinearity;

  /**
   * A layer on top of {@code input}.
   *
   * @param input null if this is the first layer, which takes the batch's examples as they lie
   */
  DenseStage(
      Vectors vectors,
      List<Segment> segments,
      Tensor input,
      int inputs,
      int units,
      int capacity,
      Nonlinearity nonlinearity) {
    Segment segment = Vectors.segment(segments, DefaultParamInitializer.WEIGHT_KEY);
    this.input = input;
    this.output = new Tensor(new ActivationShape.Flat(units), capacity, true);
    this.inputs = inputs;
    this.units = units;
    this.kernel = vectors.parameters(segment);
    this.kernelGradient = vectors.gradient(segment);
    this.nonlinearity = nonlinearity;
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    int n = pass.examples();
    if (input == null) {
      cblas_sgemm(
          CblasRowMajor,
          CblasNoTrans,
          CblasTrans,
          units,
          n,
          inputs,
          1,
          kernel,
          inputs,
          pass.features(),
          inputs,
          0,
          output.values(0),
          n);
    } else {
      cblas_sgemm(
          CblasRowMajor,
          CblasNoTrans,
          CblasNoTrans,
          units,
          n,
          inputs,
          1,
          kernel,
          inputs,
          input.values(0),
          n,
          0,
          output.values(0),
          n);
    }
    nonlinearity.forward(output, pass);
  }

  @Override
  public void backward(Pass pass) {
    int n = pass.examples();
    nonlinearity.backward(output, pass);
    if (input == null) {
      cblas_sgemm(
          CblasRowMajor,
          CblasNoTrans,
          CblasNoTrans,
          units,
          inputs,
          n,
          1,
          output.gradient(0),
          n,
          pass.features(),
          inputs,
          0,
          kernelGradient,
          inputs);
      return;
    }
    cblas_sgemm(
        CblasRowMajor,
        CblasNoTrans,
        CblasTrans,
        units,
        inputs,
        n,
        1,
        output.gradient(0),
        n,
        input.values(0),
        n,
        0,
        kernelGradient,
        inputs);
    if (input.differentiable()) {
      cblas_sgemm(
          CblasRowMajor,
          CblasTrans,
          CblasNoTrans,
          inputs,
          n,
          units,
          1,
          kernel,
          inputs,
          output.gradient(0),
          n,
          0,
          input.gradient(0),
          n);
    }
  }
}
