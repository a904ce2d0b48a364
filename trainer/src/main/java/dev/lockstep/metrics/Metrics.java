package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.IntToDoubleFunction;

/**
 * What the predictions on one part of the data are worth.
 *
 * @param examples how many there are, at least 1
 * @param accuracy the part predicted as what it is, 0 to 1
 * @param loss the mean of the examples' losses, without penalties on weights
 * @param mse the mean of the examples' squared errors
 * @param confusion which classes were taken for which
 */
public record Metrics(
    long examples, double accuracy, double loss, double mse, ConfusionMatrix confusion) {
  /**
   * A flat object, in this order: {@code examples}, {@code accuracy}, {@code loss}, {@code mse},
   * then {@code recall.macro}, {@code precision.macro}, {@code f1.macro}, then {@code
   * recall.perClass}, {@code precision.perClass} and {@code f1.perClass} with one number a class,
   * and {@code confusion} with one row a true class. A number that is not finite (a training that
   * diverged) is {@code null}.
   */
  public ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("examples", examples);
    json.put("accuracy", accuracy);
    json.put("loss", Double.isFinite(loss) ? (Double) loss : null);
    json.put("mse", Double.isFinite(mse) ? (Double) mse : null);
    json.put("recall.macro", confusion.macroRecall());
    json.put("precision.macro", confusion.macroPrecision());
    json.put("f1.macro", confusion.macroF1());
    json.set("recall.perClass", perClass(confusion::recall));
    json.set("precision.perClass", perClass(confusion::precision));
    json.set("f1.perClass", perClass(confusion::f1));
    json.set("confusion", confusion.toJson());
    return json;
  }

  private ArrayNode perClass(IntToDoubleFunction ofClass) {
    ArrayNode numbers = JsonNodeFactory.instance.arrayNode(confusion.classes());
    for (int c = 0; c < confusion.classes(); c++) {
      numbers.add(ofClass.applyAsDouble(c));
    }
    return numbers;
  }
}
