package plinth.lab;

import com.alibaba.nacos.core.code.ControllerMethodsCache;
import org.springframework.stereotype.Component;

/** Tells Nacos' filters which methods exist: without it naming answers 501 and authorisation lets everyone in. */
@Component
class KnownControllers {
  KnownControllers(ControllerMethodsCache methods) {
    methods.initClassMethod("com.alibaba.nacos.core.controller");
    methods.initClassMethod("com.alibaba.nacos.naming.controllers");
    methods.initClassMethod("com.alibaba.nacos.config.server.controller");
  }
}
