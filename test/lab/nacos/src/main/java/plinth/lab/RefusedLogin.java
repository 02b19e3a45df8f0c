package plinth.lab;

import com.alibaba.nacos.api.exception.NacosException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** A wrong password is 403, as the console module makes it: without it the answer's status would be 0, which is no HTTP. */
@RestControllerAdvice(basePackages = "com.alibaba.nacos.plugin.auth")
@Order(Ordered.HIGHEST_PRECEDENCE)
class RefusedLogin {
  @ExceptionHandler(NacosException.class)
  ResponseEntity<String> refused(NacosException refusal) {
    return ResponseEntity.status(403).body(refusal.getErrMsg());
  }
}
